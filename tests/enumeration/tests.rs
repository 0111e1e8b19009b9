//! All cases of all flows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::cases::{At, Case, Collected, Fault, Moment};
use crate::flows::{FLOWS, Flow, group};
use crate::line::What;
use crate::number::number;
use crate::run::{Ended, run};
use pixi_payd::steps::Kind;

/// Failures that are told before the rest is given up.
const MOST: usize = 100;

/// Groups × processes × modes at least.
const FLOWS_AT_LEAST: usize = 60;

fn threads() -> usize {
    let given = number("THREADS").map(|number| usize::try_from(number).unwrap());
    given.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, std::num::NonZero::get))
}

/// Does `work` for each number below `count` on all cores.
fn all_cores(count: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads() {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    work(number);
                }
            });
        }
    });
}

/// Each flow without a fault.
fn faultless() -> Vec<Ended> {
    let ended: Mutex<BTreeMap<usize, Ended>> = Mutex::default();
    all_cores(FLOWS.len(), |number| {
        let run = run(&FLOWS[number], None, false);
        ended.lock().unwrap().insert(number, run);
    });
    ended.into_inner().unwrap().into_values().collect()
}

/// Flows that are played: all, or those of `FLOWS=3,4`.
fn wanted() -> Result<BTreeSet<usize>, String> {
    let Ok(text) = std::env::var("FLOWS") else { return Ok((0..FLOWS.len()).collect()) };
    let known = |one: &str| one.parse().ok().filter(|number| *number < FLOWS.len());
    text.split(',').map(|one| known(one).ok_or_else(|| format!("FLOWS={text:?}: there is no flow {one:?}"))).collect()
}

/// `PART=2/5` plays the second fifth of all cases.
fn part(text: &str) -> Result<(usize, usize), String> {
    let numbers = text.split_once('/').and_then(|(part, parts)| Some((part.parse().ok()?, parts.parse().ok()?)));
    let fits = numbers.filter(|(part, parts)| (1..=*parts).contains(part));
    fits.ok_or_else(|| format!("PART={text:?}: 2/5 is the second fifth"))
}

#[test]
fn a_part_that_cannot_be_read_is_refused() {
    assert_eq!(part("2/5"), Ok((2, 5)));
    for text in ["", "1", "0/5", "6/5", "1/0", "a/b"] {
        assert!(part(text).unwrap_err().starts_with("PART="), "{text}");
    }
}

/// Flows by group, process and mode.
fn kinds_of_flows() -> usize {
    let kind = |flow: &Flow| {
        let standard = flow.story.mode == pixi_payd::config::Mode::Standard;
        (group(flow.story.method), flow.story.name, standard)
    };
    FLOWS.iter().map(kind).collect::<BTreeSet<_>>().len()
}

fn told(case: Case, wrong: &[String]) -> String {
    format!(
        "{case}: {}: {}\n  CASE={case} cargo test --test enumeration replay -- --nocapture",
        FLOWS[case.flow],
        wrong.join("\n    ")
    )
}

#[test]
fn every_fault_at_every_step_of_every_flow_leaves_the_books_right() {
    let since = pixi_payd::clock::Clock::system().stopwatch();
    let faultless = faultless();
    let astray: Vec<String> = FLOWS
        .iter()
        .zip(&faultless)
        .filter(|(_, ended)| !ended.wrong.is_empty())
        .map(|(flow, ended)| format!("{flow}: {}", ended.wrong.join("; ")))
        .collect();
    assert!(astray.is_empty(), "without any fault:\n{}", astray.join("\n"));
    let mut collected = Collected::default();
    for (flow, ended) in FLOWS.iter().zip(&faultless) {
        collected.take_in(flow, &ended.events, &ended.kinds);
    }
    let Collected { cases: mut all, left, .. } = collected;
    let (part, parts) = part(&std::env::var("PART").unwrap_or_else(|_| "1/1".to_owned())).unwrap();
    let wanted = wanted().unwrap();
    all.retain(|case| wanted.contains(&case.flow));
    all = all.into_iter().skip(part - 1).step_by(parts).collect();
    assert!(!all.is_empty(), "nothing is played");
    let wrong: Mutex<BTreeMap<Case, String>> = Mutex::default();
    let asked = AtomicUsize::new(0);
    all_cores(all.len(), |number| {
        let case = all[number];
        if wrong.lock().unwrap().len() >= MOST {
            return;
        }
        let flow = &FLOWS[case.flow];
        let played = std::panic::catch_unwind(|| run(flow, Some(case), false));
        let found = match played {
            Ok(ended) => {
                asked.fetch_add(ended.asked.len(), Ordering::Relaxed);
                ended.wrong(flow, Some(case), &faultless[case.flow])
            }
            Err(_) => vec!["panicked".to_owned()],
        };
        if !found.is_empty() {
            wrong.lock().unwrap().insert(case, told(case, &found));
        }
    });
    print_counts(&faultless, &all, &left, asked.into_inner());
    println!("{} s on {} threads", since.elapsed().as_secs(), threads());
    let wrong = wrong.into_inner().unwrap();
    let lines: Vec<&str> = wrong.values().map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} cases failed\n{}", wrong.len(), lines.join("\n"));
}

fn print_counts(faultless: &[Ended], all: &[Case], left: &BTreeMap<&'static str, usize>, asked: usize) {
    let count = |what: fn(What) -> bool| -> usize {
        faultless.iter().map(|ended| ended.events.iter().filter(|event| what(event.what)).count()).sum()
    };
    println!(
        "{} flows ({} by group, process and mode): {} requests that write, {} that read, {} commits; {} runs with a fault, a person asked in {asked}",
        FLOWS.len(),
        kinds_of_flows(),
        count(|what| what == What::Write),
        count(|what| what == What::Read),
        count(|what| what == What::Commit),
        all.len(),
    );
    for (name, fits) in [
        ("write", (|at| matches!(at, At::Write(_))) as fn(At) -> bool),
        ("read", |at| matches!(at, At::Read(_))),
        ("commit", |at| matches!(at, At::Commit(_))),
    ] {
        for moment in Moment::ALL {
            let of_moment = |case: &&Case| fits(case.at) && case.moment == moment;
            let by_fault: Vec<String> = Fault::ALL
                .into_iter()
                .map(|fault| (fault, all.iter().filter(of_moment).filter(|case| case.fault == fault).count()))
                .filter(|(_, count)| *count > 0)
                .map(|(fault, count)| format!("{} {count}", fault.name()))
                .collect();
            if !by_fault.is_empty() {
                println!("  {name} {}: {}", moment.name(), by_fault.join(", "));
            }
        }
    }
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for kind in faultless.iter().flat_map(|ended| &ended.kinds) {
        *kinds.entry(*kind).or_default() += 1;
    }
    let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    println!("  steps: {}", kinds.join(", "));
    println!("  left out:");
    for (why, count) in left {
        println!("  {count:>8} {why}");
    }
}

#[test]
fn there_are_flows_enough() {
    let kinds = kinds_of_flows();
    assert!(kinds >= FLOWS_AT_LEAST, "{kinds} flows by group, process and mode");
}

/// A new kind of step needs a flow that takes it; then it is disturbed like all others.
#[test]
fn every_kind_of_step_is_taken_by_some_flow() {
    let faultless = faultless();
    let taken: BTreeSet<Kind> = faultless.iter().flat_map(|ended| ended.kinds.iter().copied()).collect();
    let missing: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| !taken.contains(kind)).collect();
    assert!(missing.is_empty(), "no flow takes {missing:?}");
    for (flow, ended) in FLOWS.iter().zip(&faultless) {
        let writes = ended.events.iter().filter(|event| event.what == What::Write).count();
        assert_eq!(writes, ended.kinds.len(), "{flow}: each step writes once, and nothing else does");
    }
}

#[test]
fn a_case_is_read_as_it_is_written() {
    for text in
        ["12/write:3/before-answer/crash", "0/read:14/before-answer/repeated", "81/commit:2/before-send/time-out"]
    {
        assert_eq!(text.parse::<Case>().unwrap().to_string(), text);
    }
}

/// Plays `CASE` and shows what happened; `CASE=12` plays the flow without a fault.
#[test]
fn replay() {
    let text = std::env::var("CASE").unwrap_or_else(|_| "0".to_owned());
    let case: Option<Case> = text.parse().ok();
    let number = case.map_or_else(|| text.parse().unwrap(), |case| case.flow);
    let flow = &FLOWS[number];
    let faultless = run(flow, None, true);
    println!("{flow}");
    let ended = run(flow, case, true);
    for line in &ended.trace {
        println!("{line}");
    }
    let wrong = ended.wrong(flow, case, &faultless);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
