//! Two processes on one store, and a person at the same moment: what the store forbids, nobody gets leave for.
//!
//! The test starts itself again, in roles: two processes that both believe they hold the lease (one slept and does not
//! know better), and one in which a person decides what is open. Each tells what it sends before it knows how that
//! ended; this process adds it all up.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pixi_payd::clock::Clock;
use pixi_payd::engine::requests::retry_request;
use pixi_payd::journal::{
    Decision, Guard, IntendError, Journal, JournalError, Lease, Limits, Management, Options, OrderSeen, Owner,
    StepPermit, StepRecord, StepState,
};
use pixi_payd::money::Currency;
use pixi_payd::steps::{Effect, Evidence, Guards, OrderId, Outcome, RefundAt, Refusal, RefusalKind, Step, StepKey};

use crate::dice::Dice;

const LIMITS: Limits = Limits { deadline: Duration::from_secs(65), refund_per_day: None };
/// Orders, each with a payment over 100.00 of its own.
const ORDERS: i64 = 4;
/// Invoices and credit notes of each order, of 7.00: more than the payment bears.
const DOCUMENTS: usize = 20;
const AMOUNT: i64 = 7_00;
const TOTAL: i64 = 100_00;
/// Requests of people.
const REQUESTS: usize = 40;
/// Steps about which a person and the daemon say different things at the same time.
const DISPUTED: i64 = 30;

fn order(nr: i64) -> OrderId {
    OrderId { api: "live".into(), mandant: "LEO".into(), nr }
}

fn step(key: String, effect: Effect, guards: Guards) -> Step {
    Step { key: StepKey(key), effect, rule: "C1".to_owned(), guards }
}

/// Every step any of the processes may take. What the guards are told was read before any of them was sent.
fn steps(nr: i64) -> Vec<Step> {
    let amount = Currency::EUR.of(AMOUNT);
    let authorised = Guards { capturable: TOTAL, ..Guards::default() };
    let charged = Guards { captured: TOTAL, ..Guards::default() };
    let mut all = Vec::new();
    for n in 0..DOCUMENTS {
        let (invoice, credit_note) = (format!("RE{nr}-{n}"), format!("GS{nr}-{n}"));
        let capture =
            Effect::Capture { payment: format!("s-pay-{nr}1"), amount, invoice: Some(invoice.clone()), shipping: None };
        all.push(step(format!("capture:{invoice}"), capture, authorised));
        let refund = Effect::Refund {
            payment: format!("s-pay-{nr}2"),
            amount,
            at: RefundAt::Charge { charge: "s-chg-1".to_owned() },
            credit_note: Some(credit_note.clone()),
            reason: None,
            goodwill: false,
        };
        all.push(step(format!("refund:{credit_note}"), refund, charged));
        let event = "UZE".to_owned();
        let booking = Effect::BookInvoice { invoice: invoice.clone(), amount, pay_id: "31HA".to_owned(), event };
        // Two keys for one document: the index on the document has to hold, not the key alone.
        all.push(step(format!("book:{invoice}"), booking.clone(), Guards::default()));
        all.push(step(format!("book-again:{invoice}"), booking, Guards::default()));
        let booking =
            Effect::BookReturn { credit_note: credit_note.clone(), amount, customer: nr, event: "UZR".into() };
        all.push(step(format!("book:{credit_note}"), booking, Guards::default()));
    }
    all
}

/// What really became of a request, and what the sender learns of it. Follows from the token, so that everybody who
/// looks later sees the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Truth {
    effect: bool,
    answered: bool,
    refused: bool,
}

fn truth(token: &str) -> Truth {
    let sum: u32 = token.bytes().fold(7, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    match sum % 10 {
        0 => Truth { effect: false, answered: true, refused: true },
        1 => Truth { effect: false, answered: true, refused: false },
        2 => Truth { effect: false, answered: false, refused: false },
        3 | 4 => Truth { effect: true, answered: false, refused: false },
        _ => Truth { effect: true, answered: true, refused: false },
    }
}

fn outcome(token: &str, id: i64) -> Outcome {
    let truth = truth(token);
    if truth.effect {
        let transaction = Some(format!("charges/s-chg-9{id}"));
        Outcome::Done(Evidence { transaction, ..Evidence::default() })
    } else if truth.refused {
        Outcome::Refused(Refusal { kind: RefusalKind::Soft, code: "COR.1".to_owned(), message: String::new() })
    } else {
        Outcome::NotSent { cause: "connect".to_owned() }
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n@ {line}").unwrap();
    out.flush().unwrap();
}

/// What is sent, told to the process that keeps the books.
fn tell(permit: &StepPermit) {
    let effect = permit.effect();
    let (payment, document) = (effect.payment().unwrap_or("-"), effect.document().unwrap_or("-"));
    let took = truth(permit.token()).effect;
    say(&format!("sent {} {payment} {document} {}", effect.kind(), if took { AMOUNT } else { 0 }));
}

async fn open(path: &Path) -> Journal {
    Journal::open(Options::new(path, Clock::system())).await.unwrap()
}

/// Ready; goes on when all are.
fn meet() {
    say("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

/// A process that takes steps until there is nothing left to take, and requests until all are answered. It stops once it
/// has got its first permit, until the other one has its first too: neither can do all the work before the other begins.
async fn act(journal: &Journal, owner: Owner, dice: &mut Dice) {
    meet();
    let (mut open, mut is_first) = (true, true);
    while open || answered(journal).await < REQUESTS {
        open = false;
        for request in journal.take_requests(owner, 3, &BTreeSet::new()).await.unwrap() {
            say(&format!("took {}", request.id));
            journal.answer_request(request.id, serde_json::json!({"done": true})).await.unwrap();
        }
        let mut all: Vec<(i64, Step)> =
            (1..=ORDERS).flat_map(|nr| steps(nr).into_iter().map(move |step| (nr, step))).collect();
        while !all.is_empty() {
            let (nr, step) = all.swap_remove(dice.roll(all.len()));
            match journal.intend(owner, &order(nr), &step, &[], LIMITS).await {
                Ok(permit) => {
                    open = true;
                    tell(&permit);
                    let id = permit.step_id();
                    let answered = truth(permit.token()).answered;
                    let unknown = || Outcome::Unknown { cause: "time-out".to_owned() };
                    let outcome = if answered { outcome(permit.token(), id.0) } else { unknown() };
                    settled(&journal.settle(owner, id, &outcome).await);
                    if std::mem::take(&mut is_first) {
                        meet();
                    }
                }
                Err(IntendError::AlreadyThere(record)) if record.state == StepState::Unknown => {
                    open = true;
                    settled(&journal.settle(owner, record.id, &outcome(&record.token, record.id.0)).await);
                }
                Err(IntendError::AlreadyThere(record)) => open |= record.state.is_open(),
                Err(IntendError::PaymentBusy(_) | IntendError::CustomerBusy) => open = true,
                Err(IntendError::Guard(Guard::OncePerDocument | Guard::Captures { .. } | Guard::Refunds { .. })) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// Requests that have their answer.
async fn answered(journal: &Journal) -> usize {
    let mut answered = 0;
    // In an empty store the numbers of requests begin with 1.
    for id in (1_i64..).take(REQUESTS) {
        let request = journal.load_request(id).await.unwrap();
        answered += usize::from(request.is_some_and(|request| request.answered.is_some()));
    }
    answered
}

/// Somebody else may have been faster; nothing else may go wrong.
fn settled(result: &Result<(), JournalError>) {
    assert!(matches!(result, Ok(()) | Err(JournalError::AlreadySettled(..))), "{result:?}");
}

/// A person who asks for retries and settles what is open, as it was; what took effect is left to the look.
async fn decide(journal: &Journal, dice: &mut Dice) {
    meet();
    meet();
    let mut asked = 0;
    let mut quiet = 0;
    while quiet < 20 || asked < REQUESTS {
        quiet += 1;
        for nr in 1..=ORDERS {
            if asked < REQUESTS {
                let request = retry_request("anna", &order(nr), "again");
                say(&format!("asked {}", journal.enqueue_request(request).await.unwrap()));
                asked += 1;
            }
            let unknown = |record: &StepRecord| record.state == StepState::Unknown;
            for record in journal.steps_of(&order(nr)).await.unwrap().into_iter().filter(unknown) {
                quiet = 0;
                if !truth(&record.token).effect && dice.chance(80) {
                    settled(&journal.decide(record.id, Decision::NotDone, "anna", "looked").await);
                }
            }
        }
    }
}

/// Says done or not of the same steps as another process says the opposite of.
async fn dispute(journal: &Journal, owner: Option<Owner>) {
    for record in journal.steps_of(&order(99)).await.unwrap() {
        meet();
        let said = match owner {
            Some(owner) => {
                let evidence = Evidence { transaction: Some("charges/s-chg-1".to_owned()), ..Evidence::default() };
                journal.settle(owner, record.id, &Outcome::Done(evidence)).await
            }
            None => journal.decide(record.id, Decision::NotDone, "anna", "not seen").await,
        };
        if said.is_ok() {
            say(&format!("word {} {}", record.id.0, if owner.is_some() { "done" } else { "not_sent" }));
        }
        settled(&said);
    }
}

async fn register(journal: &Journal) {
    say(match journal.register_process("another").await {
        Ok(_) => "registered",
        Err(JournalError::AlreadyRunning) => "refused",
        Err(_) => "failed",
    });
}

/// This process as one of the others.
async fn play(role: &str) {
    let var = |name: &str| std::env::var(name).unwrap();
    let journal = open(Path::new(&var("TWO_STORE"))).await;
    let owner: Owner = serde_json::from_str(&var("TWO_OWNER")).unwrap();
    let mut dice = Dice::new(var("TWO_SEED").parse().unwrap());
    match role {
        "act" => act(&journal, owner, &mut dice).await,
        "decide" => decide(&journal, &mut dice).await,
        "dispute-daemon" => dispute(&journal, Some(owner)).await,
        "dispute-person" => dispute(&journal, None).await,
        _ => register(&journal).await,
    }
    journal.close();
}

/// Another process on the store.
struct Other {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    said: Vec<String>,
}

impl Other {
    fn start(test: &str, role: &str, store: &Path, owner: Owner, seed: u64) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("two::{test}"), "--nocapture", "--test-threads", "1"])
            .env("TWO_ROLE", role)
            .env("TWO_STORE", store)
            .env("TWO_OWNER", serde_json::to_string(&owner).unwrap())
            .env("TWO_SEED", seed.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines, said: Vec::new() }
    }

    /// Waits until it stands at the start.
    fn is_ready(&mut self) {
        loop {
            let said = self.next().unwrap();
            if said == "ready" {
                return;
            }
            self.said.push(said);
        }
    }

    fn go(&mut self) {
        writeln!(self.child.stdin.as_mut().unwrap(), "go").unwrap();
    }

    /// What it says next; none at its end.
    fn next(&mut self) -> Option<String> {
        self.lines.by_ref().map(Result::unwrap).find_map(|line| line.strip_prefix("@ ").map(str::to_owned))
    }

    fn rest(mut self) -> Vec<String> {
        let mut said = std::mem::take(&mut self.said);
        said.extend(std::iter::from_fn(|| self.next()));
        assert!(self.child.wait().unwrap().success());
        said
    }
}

/// Lets several run from the same moment on, and meet again so many times; answers all else they said.
fn together(mut others: Vec<Other>, meetings: i64) -> Vec<Vec<String>> {
    for _ in 0..meetings {
        others.iter_mut().for_each(Other::is_ready);
        others.iter_mut().for_each(Other::go);
    }
    let threads: Vec<_> = others.into_iter().map(|other| std::thread::spawn(|| other.rest())).collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

/// A store with its orders, and the process that owns it.
struct House {
    folder: tempfile::TempDir,
    journal: Journal,
    owner: Owner,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options::new(folder.path().join("store.db"), Clock::system()).migrating();
        let journal = Journal::open(options).await.unwrap();
        let owner = journal.register_process("test").await.unwrap();
        let house = Self { folder, journal, owner };
        house.lease().await;
        for nr in (1..=ORDERS).chain([99]) {
            let seen = OrderSeen {
                order: order(nr),
                nr_external: format!("S{nr}"),
                payment_code: "U".into(),
                currency: Currency::EUR,
                mode: "expert".to_owned(),
                management: Management::Managed,
                next_check: Clock::system().now(),
            };
            house.journal.see_order(seen).await.unwrap();
        }
        house
    }

    async fn lease(&self) {
        let lease = self.journal.acquire_lease(self.owner, &"live".into()).await.unwrap();
        assert!(matches!(lease, Lease::Ours { .. }), "{lease:?}");
    }

    fn store(&self) -> std::path::PathBuf {
        self.folder.path().join("store.db")
    }

    /// Renews the lease while `work` runs on another thread.
    async fn while_leased<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let mut work = tokio::task::spawn_blocking(work);
        let clock = Clock::system();
        loop {
            match clock.timeout(Duration::from_secs(3), &mut work).await {
                Ok(done) => return done.unwrap(),
                Err(_) => drop(self.journal.heartbeat(self.owner).await.unwrap()),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guards_hold_across_processes_and_a_persons_word() {
    if let Ok(role) = std::env::var("TWO_ROLE") {
        return play(&role).await;
    }
    let house = House::new().await;
    let start = |role: &str, seed| {
        Other::start("guards_hold_across_processes_and_a_persons_word", role, &house.store(), house.owner, seed)
    };
    let others = vec![start("act", 1), start("act", 2), start("decide", 3)];
    let said = house.while_leased(move || together(others, 2)).await;

    let mut moved = BTreeMap::<(String, String), i64>::new();
    let mut once = BTreeMap::<(String, String), u32>::new();
    let mut took = BTreeMap::<&str, u32>::new();
    for line in said.iter().flatten() {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["sent", kind, payment, document, amount] => {
                let amount: i64 = amount.parse().unwrap();
                *moved.entry((kind.to_owned(), payment.to_owned())).or_default() += amount;
                *once.entry((kind.to_owned(), document.to_owned())).or_default() += u32::from(amount > 0);
            }
            ["took", id] => *took.entry(id).or_default() += 1,
            _ => {}
        }
    }
    let permits = |of: &[String]| of.iter().filter(|line| line.starts_with("sent")).count();
    println!("permits of the two processes: {} and {}", permits(&said[0]), permits(&said[1]));
    assert!(permits(&said[0]) > 0 && permits(&said[1]) > 0, "one of the two did all the work");
    for nr in 1..=ORDERS {
        // As much as fits, and not a cent more.
        let of = |kind: &str, n: u32| moved[&(kind.to_owned(), format!("s-pay-{nr}{n}"))];
        assert_eq!((of("capture", 1), of("refund", 2)), (TOTAL / AMOUNT * AMOUNT, TOTAL / AMOUNT * AMOUNT));
    }
    for ((kind, document), times) in &once {
        assert!(*times <= 1, "{kind} of {document}: {times} times");
    }
    let booked = once.iter().filter(|((kind, _), times)| kind.starts_with("book") && **times == 1).count();
    assert_eq!(booked, usize::try_from(ORDERS).unwrap() * DOCUMENTS * 2, "each document is booked");
    assert!(took.len() == REQUESTS && took.values().all(|times| *times == 1), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_persons_word_and_the_daemons_own_look_one_counts() {
    if let Ok(role) = std::env::var("TWO_ROLE") {
        return play(&role).await;
    }
    let house = House::new().await;
    for n in 0..DISPUTED {
        let effect = Effect::Capture {
            payment: format!("s-pay-7{n}"),
            amount: Currency::EUR.of(AMOUNT),
            invoice: Some(format!("RE99-{n}")),
            shipping: None,
        };
        let guards = Guards { capturable: TOTAL, ..Guards::default() };
        let step = step(format!("capture:RE99-{n}"), effect, guards);
        let permit = house.journal.intend(house.owner, &order(99), &step, &[], LIMITS).await.unwrap();
        let unknown = Outcome::Unknown { cause: "time-out".to_owned() };
        house.journal.settle(house.owner, permit.step_id(), &unknown).await.unwrap();
    }
    let start = |role: &str| {
        Other::start("of_a_persons_word_and_the_daemons_own_look_one_counts", role, &house.store(), house.owner, 1)
    };
    let others = vec![start("dispute-daemon"), start("dispute-person")];
    let said = house.while_leased(move || together(others, DISPUTED)).await;
    let mut words = BTreeMap::<i64, Vec<&str>>::new();
    for line in said.iter().flatten() {
        if let ["word", id, word] = line.split(' ').collect::<Vec<_>>()[..] {
            words.entry(id.parse().unwrap()).or_default().push(word);
        }
    }
    let records = house.journal.steps_of(&order(99)).await.unwrap();
    assert_eq!(records.len(), usize::try_from(DISPUTED).unwrap());
    for record in &records {
        assert_eq!(words[&record.id.0], [record.state.name()], "{}", record.key);
    }
    let done = records.iter().filter(|record| record.state == StepState::Done).count();
    println!("{done} of {DISPUTED} as the daemon saw it, the others as the person said");
    let today = Clock::system().now().with_timezone(&chrono_tz::Europe::Berlin).date_naive().to_string();
    let totals = house.journal.totals("2000-01-01", &today).await.unwrap();
    let captures: i64 = totals.iter().map(|day| day.captures).sum();
    assert_eq!(captures, i64::try_from(done).unwrap(), "what did not happen is not counted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_waits_its_turn_and_a_replaced_one_gets_no_permit() {
    if let Ok(role) = std::env::var("TWO_ROLE") {
        return play(&role).await;
    }
    let house = House::new().await;
    let start = || {
        let test = "another_process_waits_its_turn_and_a_replaced_one_gets_no_permit";
        Other::start(test, "register", &house.store(), house.owner, 1)
    };
    let intend = async |n: i64| {
        let step = steps(1).swap_remove(usize::try_from(n).unwrap());
        house.journal.intend(house.owner, &order(1), &step, &[], LIMITS).await
    };
    assert_eq!(start().rest(), ["refused"]);
    // However long that took.
    house.lease().await;
    assert!(intend(0).await.is_ok());
    // A file system that lost the lock: the other one takes over, and this one finds out before it may send.
    std::fs::remove_file(house.folder.path().join("store.db.lock")).unwrap();
    assert_eq!(start().rest(), ["registered"]);
    assert!(matches!(intend(1).await, Err(IntendError::NotOwner)));
    assert!(matches!(house.journal.heartbeat(house.owner).await, Err(JournalError::NotOwner)));
}
