//! What can go wrong in a play, one word each.

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

kinds! {
    /// No connection: not a byte leaves.
    NoConnection,
    /// The request is lost on the way.
    RequestLost,
    /// The answer is lost on the way back.
    AnswerLost,
    /// Silence until the deadline, without effect.
    Silence,
    /// Silence until the deadline, after the effect.
    SilenceAfterEffect,
    /// HTTP 503 without effect.
    Unavailable,
    /// HTTP 500 after the effect.
    ErrorAfterEffect,
    /// Bytes that are neither JSON nor XML, after the effect.
    Garbage,
    /// The answer ends in the middle.
    Truncated,
    /// A gateway refuses with a page of HTML.
    Gateway,
    /// The answer comes too slowly.
    SlowDrip,
    /// The answer comes late, in time or not.
    LateAnswer,
    /// The request takes effect after the daemon gave up, perhaps after its first look.
    LateEffect,
    /// A fault inside HTTP 200, without effect.
    FaultInside200,
    /// A read is answered with what the same read showed before.
    RepeatedAnswer,
    /// pixi is down for a while.
    PixiOutage,
    /// Unzer refuses one mandant for a while.
    MandantOutage,
    /// The wall clock jumps.
    ClockJump,
    /// A night with a missing hour.
    SpringNight,
    /// A night with an hour twice.
    AutumnNight,
    /// The disk is full for a while.
    DiskFull,
    /// A busy database: one commit fails, nothing stands.
    DatabaseBusy,
    /// A commit stands and its answer is lost.
    CommitAnswerLost,
    /// The daemon is killed before a request leaves.
    CrashBeforeSend,
    /// The daemon is killed after the effect, before the answer.
    CrashAfterSend,
    /// The daemon is killed and its commit does not stand.
    CrashBeforeCommit,
    /// The daemon is killed and its commit stands.
    CrashAfterCommit,
    /// A second instance is started beside the first.
    SecondInstance,
    /// The first instance hangs with a request in hand, and a second one takes over.
    TakeOver,
    /// The mail server is down, refuses the login, puts mails off, or loses its answer.
    MailServerDown,
    /// A call that looks for bookings is not installed.
    CallNotInstalled,
    /// A person changes something in pixi while the order is worked on.
    EditInBetween,
    /// An order is removed.
    OrderGone,
    /// An order gets another payment type.
    PaymentTypeChanged,
    /// Orders are merged.
    Merged,
    /// A document is deleted.
    DocumentDeleted,
    /// A document is set paid by hand.
    PaidByHand,
    /// A person locks, unlocks or releases by hand.
    LockedByHand,
    /// An order is raised, or put back on hold.
    OrderRaised,
    /// A credit note without lines.
    ManualCredit,
    /// Captured by hand in the portal.
    CaptureByHand,
    /// Refunded by hand in the portal.
    RefundByHand,
    /// Reversed by hand in the portal.
    ReverseByHand,
    /// A chargeback.
    Chargeback,
    /// A chargeback that was won.
    ChargebackWon,
    /// The authorisation ends.
    Expired,
    /// The next capture is declined.
    Declined,
    /// The buyer pays another sum than is owed.
    WrongSum,
    /// A payment that does not cover the order, or cannot be found.
    PaymentWrong,
    /// An operator asks for another try.
    ClickRetry,
    /// An operator settles a problem.
    ClickResolve,
    /// An operator has an order ignored, or taken up again.
    ClickIgnore,
    /// An operator decides on a step that nobody knows of.
    ClickDecide,
    /// An operator asks for a new authorisation.
    ClickReauthorize,
    /// An operator asks for a part to be captured.
    ClickCapture,
    /// An operator asks for a part to be paid back.
    ClickRefund,
    /// A webhook is lost or comes several times.
    Webhook,
}
