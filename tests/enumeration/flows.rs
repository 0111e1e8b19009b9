//! The flows: what happens to an order, from the shop to its end.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use pixi_payd::config::Mode;
use pixi_payd::sandbox::{STORIES, Story};

/// What of pixi's calls an installation has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Installed {
    /// All that are known.
    Whole,
    /// None by which a booking can be read back.
    NoReadBack,
    /// All, and the reported payment status lets no line go: the lines are released by a call of their own.
    ReleaseByLines,
}

impl Installed {
    /// Calls it lacks.
    pub fn lacks(self) -> &'static [&'static str] {
        match self {
            Self::Whole | Self::ReleaseByLines => &[],
            Self::NoReadBack => &["pixiCAGetInvoiceMatch", "pixiGetCustomerEvents"],
        }
    }
}

/// One flow.
#[derive(Clone, Copy)]
pub struct Flow {
    /// Its number, for the replay.
    pub number: usize,
    /// Number of its story.
    pub told: usize,
    /// What happens.
    pub story: Story,
    /// Where.
    pub installed: Installed,
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.story.mode == Mode::Standard { "standard" } else { "expert" };
        let group = group(self.story.method);
        write!(f, "{} {group} {} ({}, {mode})", self.number, self.story.name, self.story.method)?;
        match self.installed {
            Installed::Whole => Ok(()),
            Installed::NoReadBack => f.write_str(", bookings cannot be read back"),
            Installed::ReleaseByLines => f.write_str(", lines are released by a call of their own"),
        }
    }
}

/// Group of a story's method (DESIGN 2).
pub fn group(method: &str) -> &'static str {
    match method {
        "Card" | "PayPal" | "Apple Pay" | "Google Pay" => "AUTH",
        "SOFORT"
        | "EPS"
        | "iDEAL"
        | "Giropay"
        | "Alipay"
        | "Przelewy24"
        | "Direct Debit"
        | "Direct Debit Secured"
        | "Direct Debit Guar." => "PAID",
        "Prepayment" => "WAIT",
        "Invoice" => "INVOICE",
        "Invoice Secured" | "Invoice Guaranteed" | "Invoice Factoring" => "SECURED",
        "Paylater Invoice" | "Paylater Installment" | "Paylater Direct Debit" => "PAYLATER",
        "-" => "none",
        new => panic!("the group of {new} is not told"),
    }
}

/// Stories that are also played where no booking can be read back: one of each way to book.
const WITHOUT_READ_BACK: &[(&str, &str)] = &[
    ("one line returned", "Card"),
    ("paid and returned", "EPS"),
    ("paid and returned", "Prepayment"),
    ("returned before payment", "Invoice"),
    ("line cancelled, rest returned in part", "Invoice Secured"),
    ("captured per invoice", "Paylater Installment"),
];

/// Stories that are also played where the report of the payment lets no line go: one of each mode.
const BY_LINES: &[(&str, &str)] = &[("paid and returned", "EPS"), ("one line returned", "Card")];

/// All flows: of the stories with the same group, process and mode the first, and some of them once more where
/// something is not installed, or works otherwise.
pub static FLOWS: LazyLock<Vec<Flow>> = LazyLock::new(|| {
    let mut known = BTreeSet::new();
    let mut is_new = |story: &Story| known.insert((group(story.method), story.name, story.mode == Mode::Standard));
    let told: Vec<(usize, Story)> = STORIES.iter().copied().enumerate().collect();
    let again = |few: &[(&str, &str)], installed: Installed| -> Vec<((usize, Story), Installed)> {
        let wanted = told.iter().filter(|(_, story)| few.contains(&(story.name, story.method)));
        wanted.map(|told| (*told, installed)).collect()
    };
    let few = [again(WITHOUT_READ_BACK, Installed::NoReadBack), again(BY_LINES, Installed::ReleaseByLines)].concat();
    let whole = told.into_iter().filter(|(_, story)| is_new(story)).map(|told| (told, Installed::Whole));
    let flow = |(number, ((told, story), installed))| Flow { number, told, story, installed };
    whole.chain(few).enumerate().map(flow).collect()
});
