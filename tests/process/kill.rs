//! Killed at random moments, over and over: nothing is done twice, nothing is lost.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Stdio};
use std::time::Duration;

use pixi_payd::clock::{Clock, Stopwatch};

use crate::dice::Dice;
use crate::gate::{Blow, Gate, Moment};
use crate::house::{ABSENT_AFTER_S, Place, SPEED, alone, stage, stage_with};
use crate::number::number;
use crate::people::{KINDS, People};
use crate::{books, store};

/// Kills in a plain run of the tests; `KILLS` sets another number.
const KILLS: u64 = 6;
/// Orders for each kill.
const ORDERS_PER_KILL: u64 = 20;
/// Orders in the middle of their lives at the same time.
const AT_ONCE: usize = 60;
/// A blow whose request does not come is struck without one.
const PATIENCE: Duration = Duration::from_millis(2500);
/// All orders have ended this long after the last kill.
const REST: Duration = Duration::from_mins(3);
/// Nothing more may happen for so long after that: 15 sandbox minutes.
const QUIET: Duration = Duration::from_secs(8);
/// A daemon that was killed works on within this time.
const RESUMES: Duration = Duration::from_secs(30);

/// Requests worth a blow of their own: each of them happens once.
const CALLS: [&str; 8] = [
    "capture",
    "refund",
    "reverse",
    "ship",
    "pixiPaySetInvoiceCapture",
    "pixiCACreateManualBooking",
    "pixiPaySetAuthorizationStatus",
    "pixiSetOrderShippingLock",
];

/// When a daemon dies.
enum Death {
    /// In the middle of a request.
    At(Blow),
    /// So long after it was started.
    After(Duration),
}

fn draw(dice: &mut Dice) -> Death {
    let millis = |dice: &mut Dice, most: i64| Duration::from_millis(dice.between(0, most).unsigned_abs());
    if dice.chance(20) {
        return Death::After(millis(dice, 2000));
    }
    let moment = match dice.roll(5) {
        0 => Moment::Before,
        1 => Moment::Late,
        2 => Moment::Effect,
        3 => Moment::Answered(Duration::ZERO),
        _ => Moment::Answered(millis(dice, 8)),
    };
    if dice.chance(30) {
        let nth = u32::try_from(dice.between(1, 60)).unwrap();
        return Death::At(Blow { call: None, nth, moment });
    }
    let nth = u32::try_from(dice.between(1, 4)).unwrap();
    Death::At(Blow { call: Some(dice.pick(&CALLS)), nth, moment })
}

/// What the kills hit, for the report.
#[derive(Default)]
struct Tally {
    killed: u64,
    in_a_step: u64,
    by_kind: BTreeMap<String, u64>,
    first_request: Duration,
    first_write: Duration,
}

impl Tally {
    fn say(&self, watch: &Stopwatch) {
        let share = self.in_a_step * 100 / self.killed.max(1);
        let kinds = self.by_kind.iter().fold(String::new(), |mut all, (kind, count)| {
            let _ = write!(all, " {kind} {count}");
            all
        });
        println!(
            "{} kills in {} s, {} hit an open step ({share} %):{kinds}",
            self.killed,
            watch.elapsed().as_secs(),
            self.in_a_step
        );
        println!(
            "the daemon asked again within {} ms of its start and wrote within {} ms",
            self.first_request.as_millis(),
            self.first_write.as_millis(),
        );
    }
}

/// Work goes on in time after a start: the daemon asks its peers again.
async fn works_again(gate: &Gate, place: &Place) {
    let resumed = gate.comes(RESUMES, |seen| seen.requests > 0).await;
    assert!(resumed, "no request within {} s of the start\n{}", RESUMES.as_secs(), place.log_end());
}

/// Kills the daemon once. `dice` say when; a blow into work waits until there were so many orders, so that kills are
/// spread over all of them.
async fn kill(dice: &mut Dice, people: &People, orders: usize, gate: &Gate, place: &Place, tally: &mut Tally) {
    let real = Clock::system();
    gate.watch(place.start());
    match draw(dice) {
        Death::At(blow) => {
            let sold = async {
                while people.count() < orders {
                    real.sleep(Duration::from_millis(20)).await;
                }
            };
            // Kills are to come, whatever a slow machine makes of the orders.
            let _ = real.timeout(PATIENCE, sold).await;
            works_again(gate, place).await;
            gate.arm(blow);
            gate.struck(PATIENCE).await;
        }
        Death::After(time) => real.sleep(time).await,
    }
    let seen = gate.seen();
    let status = gate.finish();
    assert_eq!(status.signal(), Some(9), "the daemon ended by itself: {status}\n{}", place.log_end());
    tally.killed += 1;
    tally.first_request = tally.first_request.max(seen.first_request.unwrap_or_default());
    tally.first_write = tally.first_write.max(seen.first_write.unwrap_or_default());
    let cut_off = store::cut_off(&place.store()).await;
    tally.in_a_step += u64::from(!cut_off.is_empty());
    for (kind, count) in cut_off {
        *tally.by_kind.entry(kind).or_default() += count;
    }
}

/// A person asks for another try at some order, whether a daemon lives or not.
fn click(dice: &mut Dice, people: &People, place: &Place) -> Child {
    let nr = people.sold().get(dice.roll(people.count())).map_or(1, |sold| sold.nr);
    let mut command = place.command(&["order", "retry", &nr.to_string()]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The schedule's only run is far away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_daemon_left_does_not_wait_for_the_schedule() {
    let _alone = alone().await;
    let real = Clock::system();
    let (_, gate, place) = stage_with("0 0 5 1 1 *").await;
    let until = async |what: &str, holds: &dyn Fn() -> bool| {
        let waits = async {
            while !holds() {
                real.sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(real.timeout(RESUMES, waits).await.is_ok(), "{what}\n{}", place.log_end());
    };
    gate.watch(place.start());
    until("ready", &|| place.log().contains(" ready at ")).await;
    assert_eq!(gate.seen().requests, 0, "nothing is due yet");
    gate.finish();
    gate.watch(place.start());
    until("it works on", &|| place.log().contains("cycle over 0 orders ended")).await;
    assert!(gate.seen().requests > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_over_and_over_it_does_nothing_twice_and_loses_nothing() {
    let _alone = alone().await;
    let kills = number("KILLS").unwrap_or(KILLS);
    let seed = number("SEED").unwrap_or_else(|| 1 + getrandom::u64().unwrap() % 999_999);
    println!("SEED={seed} KILLS={kills}");
    let real = Clock::system();
    let watch = real.stopwatch();
    let (world, gate, place) = stage().await;
    let people = People::new(&world);
    let orders = usize::try_from(kills * ORDERS_PER_KILL).unwrap().max(KINDS.len());
    let (mut dice, mut tally) = (Dice::new(seed), Tally::default());

    let sells = {
        let (people, real) = (people.clone(), real.clone());
        tokio::spawn(async move {
            while people.count() < orders {
                if people.in_hand() < AT_ONCE {
                    people.sell();
                }
                real.sleep(Duration::from_millis(10)).await;
            }
        })
    };
    let mut clicks = Vec::new();
    for n in 1..=kills {
        if n % 5 == 0 {
            clicks.push(click(&mut dice, &people, &place));
        }
        let before = usize::try_from((n - 1) * ORDERS_PER_KILL).unwrap();
        kill(&mut dice, &people, before, &gate, &place, &mut tally).await;
        if n % 25 == 0 {
            println!(
                "{n} kills, {} orders, {} in hand, {} s",
                people.count(),
                people.in_hand(),
                watch.elapsed().as_secs()
            );
        }
    }
    tally.say(&watch);
    for mut click in clicks {
        let _ = click.kill();
        click.wait().unwrap();
    }

    gate.watch(place.start());
    // Sold to a daemon that has just begun, so there is something to write.
    people.sell();
    works_again(&gate, &place).await;
    let wrote = gate.comes(RESUMES, |seen| seen.first_write.is_some()).await;
    assert!(wrote, "no write within {} s of the start\n{}", RESUMES.as_secs(), place.log_end());
    let all = async {
        sells.await.unwrap();
        people.all_over(REST).await
    };
    let ended = real.timeout(REST * 2, all).await.unwrap_or_else(|_| Err(people.waiting()));
    assert!(ended.is_ok(), "SEED={seed}: {}\n{}", ended.unwrap_err(), place.log_end());
    println!("{orders} orders ended after {} s", watch.elapsed().as_secs());

    // What was cut off in the last moments is looked for, and whoever would do something twice gets the time to.
    let closed = async {
        while store::open_steps(&place.store()).await > 0 {
            real.sleep(Duration::from_millis(500)).await;
        }
    };
    assert!(real.timeout(REST, closed).await.is_ok(), "steps stay open\n{}", place.log_end());
    real.sleep(QUIET).await;
    assert_eq!(gate.ended(), None, "the daemon ended by itself\n{}", place.log_end());
    gate.signal("TERM");
    let status = gate.wait(&real, RESUMES).await;
    assert_eq!(status.map(|status| status.code()), Some(Some(0)), "{}", place.log_end());

    let wrong = books::wrong(&world, &people.sold());
    assert!(wrong.is_empty(), "SEED={seed}: {} wrong\n{}\n{}", wrong.len(), wrong.join("\n"), place.log_end());
    place.run(&["verify"]);
    let problems = place.run(&["orders", "--problems", "--json"]);
    assert_eq!(problems.trim(), "[]");
    let absent = store::absent(&place.store()).await;
    println!(
        "{} requests never arrived; the longest was taken again after {} s",
        absent.count,
        absent.longest / i64::from(SPEED)
    );
    assert!(absent.soonest[0].is_none_or(|waited| waited >= ABSENT_AFTER_S), "{absent:?}");
    assert!(absent.soonest[1].is_none_or(|waited| waited >= 600), "{absent:?}");
    if kills >= 50 {
        assert!(tally.in_a_step * 3 >= tally.killed, "too few kills hit work");
    }
}
