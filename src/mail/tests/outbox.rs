//! When mails are sent, and how often.

use super::*;
use crate::journal::{LetterState, RecipientState};

#[tokio::test(start_paused = true)]
async fn five_hundred_orders_that_fail_for_one_cause_are_one_mail_with_the_list() {
    let office = Office::new("").await;
    for nr in 1..=500 {
        office.mark("LEO", 100_000 + nr, Some(no_payment())).await;
    }
    office.turn().await;
    let taken = office.server.taken();
    assert_eq!(taken.len(), 1);
    assert!(taken[0].parcel.subject.starts_with("LEO: 500 Bestellungen: Keine Unzer Payment ID"));
    let letter = office.journal.latest_mails(None, 10).await.unwrap().remove(0);
    for nr in [100_001, 100_250, 100_500] {
        assert!(letter.text.contains(&format!("{nr} (W-{nr})")), "{nr}");
        assert!(letter.html.contains(&format!("https://pay.example.org/payd/orders/LEO/{nr}")), "{nr}");
    }
    // Further ones of the same cause come together, one mail a cycle.
    for nr in 1..=30 {
        office.mark("LEO", 200_000 + nr, Some(no_payment())).await;
    }
    office.turn().await;
    assert_eq!(office.subjects(1), ["LEO: Weitere Probleme: 30"]);
}

#[tokio::test(start_paused = true)]
async fn one_mail_per_cause_and_day_at_most_so_many_an_hour_and_nothing_is_lost() {
    let office = Office::new("  max_per_hour: 4\n").await;
    for nr in 1..=40 {
        office.mark("LEO", nr, Some(if nr % 2 == 0 { no_payment() } else { refused(&format!("RE{nr}")) })).await;
        office.turn().await;
        office.wait(2).await;
    }
    let within = |from: i64, to: i64| {
        let start: Time = "2026-03-03T09:00:00Z".parse().unwrap();
        let taken = office.server.taken();
        taken.iter().filter(|taken| (from..to).contains(&(taken.at - start).num_minutes())).count()
    };
    assert!(within(0, 60) <= 4 && within(20, 80) <= 4, "{} {}", within(0, 60), within(20, 80));
    office.wait(90).await;
    office.turn().await;
    assert!(office.journal.waiting_news(100).await.unwrap().is_empty());
    let all: String = office.journal.latest_mails(None, 50).await.unwrap().iter().map(|one| one.text.clone()).collect();
    for nr in 1..=40 {
        assert!(all.contains(&format!("/orders/LEO/{nr}\n")), "order {nr} was told of");
    }
}

#[tokio::test(start_paused = true)]
async fn a_solved_problem_is_told_and_one_never_told_is_not() {
    let office = Office::new("").await;
    office.mark("LEO", 1, Some(no_payment())).await;
    office.mark("LEO", 2, Some(no_payment())).await;
    office.mark("LEO", 2, None).await;
    office.turn().await;
    assert_eq!(office.subjects(0), ["LEO: Bestellung 1: Keine Unzer Payment ID an der Bestellung gefunden (PP-1101)"]);
    let row = office.mark("LEO", 1, None).await;
    office.turn().await;
    assert_eq!(office.subjects(1), ["LEO: Gelöst: Bestellung 1 (PP-1101)"]);
    office.mark("LEO", 1, None).await;
    office.turn().await;
    assert_eq!(office.server.taken().len(), 2, "told once");
    let letters = office.journal.mails_of(&row.order).await.unwrap();
    assert_eq!(letters.iter().map(|one| one.kind.as_str()).collect::<Vec<_>>(), ["problem", "solved"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_person_settled_needs_no_mail_that_it_is_solved() {
    let office = Office::new("").await;
    let row = office.mark("LEO", 1, Some(no_payment())).await;
    office.turn().await;
    office.journal.resolve(&row.order, row.mark_fingerprint.as_deref().unwrap(), "anna", "seen to").await.unwrap();
    office.turn().await;
    office.mark("LEO", 1, None).await;
    office.turn().await;
    assert_eq!(office.server.taken().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_mails_of_solved_ones_what_is_over_is_still_not_told_as_a_problem() {
    let office = Office::new("  solved: false\n").await;
    office.mark("LEO", 1, Some(no_payment())).await;
    office.mark("LEO", 1, None).await;
    office.mark("LEO", 2, Some(no_payment())).await;
    office.turn().await;
    office.mark("LEO", 2, None).await;
    office.turn().await;
    let wanted = ["LEO: Bestellung 2: Keine Unzer Payment ID an der Bestellung gefunden (PP-1101)"];
    assert_eq!(office.subjects(0), wanted);
    assert!(office.journal.waiting_news(10).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_daily_mail_takes_no_room_from_others() {
    for daily in ["  summary: always\n", "  summary: off\n"] {
        let office = Office::new(&format!("  max_per_hour: 1\n{daily}")).await;
        office.mark("LEO", 1, Some(no_payment())).await;
        office.turn().await;
        office.wait(24 * 60).await;
        let seen = office.server.taken().len();
        office.mark("LEO", 2, Some(refused("RE2"))).await;
        office.turn().await;
        let subjects: Vec<String> =
            office.subjects(seen).into_iter().filter(|subject| subject.starts_with("LEO")).collect();
        assert!(subjects.len() == 2 && subjects[1].ends_with("(PP-1303)"), "{daily}: {subjects:?}");
        office.mark("LEO", 3, Some(Notice::problem(Number::SeveralPaymentIds))).await;
        office.wait(1).await;
        office.turn().await;
        assert_eq!(office.subjects(seen).iter().filter(|subject| subject.starts_with("LEO")).count(), 2, "{daily}");
    }
}

#[tokio::test(start_paused = true)]
async fn news_of_a_running_cycle_wait_for_its_end_however_old_others_are() {
    let office = Office::new("  max_per_hour: 1\n  summary: off\n  reminder: false\n").await;
    let busy = async || office.post.move_on(&office.settings, true).await.unwrap();
    office.mark("LEO", 1, Some(no_payment())).await;
    office.turn().await;
    // Held back by the cap: old by the time the next cycle runs.
    office.mark("LEO", 2, Some(refused("RE2"))).await;
    office.turn().await;
    office.wait(61).await;
    busy().await;
    office.mark("LEO", 3, Some(refused("RE3"))).await;
    office.wait(14).await;
    busy().await;
    assert_eq!(office.server.taken().len(), 1, "the cycle is not over");
    office.wait(2).await;
    busy().await;
    assert_eq!(office.subjects(1).len(), 1, "after 15 minutes of it");
    office.mark("LEO", 4, Some(no_payment())).await;
    office.wait(61).await;
    office.turn().await;
    assert_eq!(office.server.taken().len(), 3, "it is over");
}

/// LEO has a server of its own, at `own.example`.
fn two_servers(mail: &str) -> Arc<Settings> {
    let mut settings = settings("de", mail);
    let leo = settings.mandants.get_mut(&MandantId::from("LEO")).unwrap();
    leo.mail.as_mut().unwrap().smtp.host = "own.example".into();
    Arc::new(settings)
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_with_many_mails_keeps_nobody_elses_waiting() {
    let mut office = Office::new("  max_per_hour: off\n  solved: false\n").await;
    office.settings = two_servers("  max_per_hour: off\n  solved: false\n");
    office.server.fault_at("own.example", MailFault::Hang);
    let topics = [no_payment(), refused("RE1"), Notice::problem(Number::SeveralPaymentIds)];
    for nr in 0..90 {
        office.mark("LEO", nr, Some(topics[usize::try_from(nr % 3).unwrap()].clone())).await;
        let gathered = office.post.move_on(&office.settings, false);
        let _ = gathered.await.unwrap();
    }
    assert!(office.journal.mail_state().await.unwrap().unsent >= 60);
    office.wait(120).await;
    let began = office.clock.now();
    office.mark("TST", 1, Some(no_payment())).await;
    let seen = office.server.taken().len();
    let sent = office.turn().await;
    assert_eq!(office.subjects(seen).len(), 1, "the other mandant's left");
    assert_eq!(office.server.taken()[seen].at, began, "at once");
    assert!(office.clock.now() - began <= chrono::TimeDelta::minutes(1), "one mail was enough to see it");
    assert!(sent.failed.iter().all(|why| why.starts_with("own.example:587: no end of the conversation")), "{sent:?}");
    let troubles = troubles(&office.journal.mail_state().await.unwrap(), &office.settings);
    assert_eq!((troubles.len(), troubles[0].number), (1, Number::MailServerFails));
}

#[tokio::test(start_paused = true)]
async fn a_turn_with_a_slow_server_ends_and_the_next_goes_on() {
    let office = Office::new("  max_per_hour: off\n  summary: off\n  reminder: false\n").await;
    office.server.fault(MailFault::Down);
    for nr in 0..10 {
        office.mark("LEO", nr, Some(no_payment())).await;
        office.turn().await;
    }
    office.server.fault(MailFault::Slow(Duration::from_secs(40)));
    office.wait(120).await;
    let began = office.clock.now();
    let sent = office.turn().await;
    assert_eq!(sent.sent, 2);
    assert!(office.clock.now() - began <= chrono::TimeDelta::seconds(80));
    assert_eq!(sent.failed, ["smtp.example.org:587: slow, 8 mails wait for the next turn"]);
    for _ in 0..4 {
        office.turn().await;
    }
    assert_eq!(office.journal.mail_state().await.unwrap().unsent, 0);
}

#[tokio::test(start_paused = true)]
async fn a_spoiled_mail_and_spoiled_news_stop_no_other() {
    let office = Office::new("  summary: off\n  reminder: false\n").await;
    office.server.fault(MailFault::Down);
    office.mark("LEO", 1, Some(no_payment())).await;
    office.turn().await;
    office.mark("LEO", 2, Some(refused("RE2"))).await;
    office.spoil("UPDATE mails SET subject = CAST(X'FF' AS TEXT)").await;
    office.spoil("UPDATE outbox SET params = '{' WHERE state = 'queued'").await;
    office.mark("TST", 3, Some(no_payment())).await;
    office.server.fault(MailFault::None);
    office.wait(60).await;
    office.turn().await;
    let mut subjects = office.subjects(0);
    subjects.sort();
    assert!(
        subjects.len() == 2 && subjects[0].starts_with("LEO: ") && subjects[1].starts_with("[TEST] TST"),
        "{subjects:?}"
    );
    assert!(subjects[0].ends_with("(PP-1303)"), "what can be told of it is: {subjects:?}");
    office.turn().await;
    assert_eq!(office.journal.mail_state().await.unwrap().unsent, 0, "given up");
}

#[tokio::test(start_paused = true)]
async fn only_servers_and_recipients_in_force_are_a_trouble() {
    let office = Office::new("  summary: off\n  reminder: false\n").await;
    office.server.fault(MailFault::RefuseRecipient("anna@example.org".into()));
    office.mark("LEO", 1, Some(no_payment())).await;
    office.turn().await;
    let state = office.journal.mail_state().await.unwrap();
    assert_eq!(troubles(&state, &office.settings).len(), 1);
    let mut without_anna = settings("de", "");
    for mail in without_anna.mandants.values_mut().filter_map(|block| block.mail.as_mut()).chain(&mut without_anna.mail)
    {
        mail.to.retain(|to| to != "anna@example.org");
    }
    assert!(troubles(&state, &without_anna).is_empty());
    office.server.fault(MailFault::RefuseLogin);
    office.mark("LEO", 2, Some(refused("RE2"))).await;
    office.turn().await;
    let state = office.journal.mail_state().await.unwrap();
    assert_eq!(troubles(&state, &without_anna).len(), 1);
    let mut another_login = without_anna.clone();
    for block in another_login.mandants.values_mut() {
        block.mail.as_mut().unwrap().smtp.username = Some("u@example.org".into());
    }
    another_login.mail.as_mut().unwrap().smtp.username = Some("u@example.org".into());
    assert!(troubles(&state, &another_login).is_empty(), "that login was not refused");
    let name = another_login.mail.as_ref().unwrap().smtp.name();
    office.journal.mail_server_failed(&name, "535 no", office.clock.now()).await.unwrap();
    let shown = troubles(&office.journal.mail_state().await.unwrap(), &another_login);
    assert!(
        shown[0].text(another_login.language).contains("Mailserver smtp.example.org:587 nimmt"),
        "without the login"
    );
}

#[tokio::test(start_paused = true)]
async fn open_problems_are_told_each_day_and_the_day_is_summed_up() {
    let office = Office::new("").await;
    office.mark("LEO", 1, Some(no_payment())).await;
    office.turn().await;
    let problems = office.subjects(0);
    assert_eq!(problems.len(), 1, "the day's mail of an hour ago had nothing to tell: {problems:?}");
    for day in 4..=6 {
        office.wait(24 * 60).await;
        office.turn().await;
        office.turn().await;
        let daily = office.subjects(problems.len() + day - 4);
        assert_eq!(daily, [format!("LEO: Tagesübersicht 0{day}.03.2026 – Offene Probleme: 1")]);
    }
    office.mark("LEO", 1, None).await;
    office.wait(24 * 60).await;
    office.turn().await;
    assert_eq!(office.subjects(4), ["LEO: Gelöst: Bestellung 1 (PP-1101)"], "all is well: no summary is wanted");
}

#[tokio::test(start_paused = true)]
async fn a_summary_also_comes_when_all_is_well_and_a_reminder_without_one() {
    let office = Office::new("  summary: always\n").await;
    let both = office.subjects(0);
    assert_eq!(both.len(), 2);
    assert!(both[0].contains("Alles in Ordnung") && both[1].starts_with("[TEST] TST: "), "{both:?}");
    let office = Office::new("  summary: off\n").await;
    office.mark("LEO", 1, Some(no_payment())).await;
    office.turn().await;
    office.wait(24 * 60).await;
    office.turn().await;
    assert_eq!(office.subjects(1), ["LEO: Offene Probleme: 1"]);
    let office = Office::new("  summary: off\n  reminder: false\n").await;
    office.mark("LEO", 1, Some(no_payment())).await;
    office.turn().await;
    office.wait(24 * 60).await;
    office.turn().await;
    assert_eq!(office.server.taken().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_test_mandant_is_marked_and_meets_no_other_sums() {
    let office = Office::new("").await;
    office.mark("TST", 1, Some(no_payment())).await;
    office.mark("LEO", 2, Some(no_payment())).await;
    office.turn().await;
    office.wait(24 * 60).await;
    office.turn().await;
    let taken = office.server.taken();
    assert_eq!(taken.len(), 4, "a problem and a summary for each");
    for taken in taken {
        let text = String::from_utf8_lossy(&taken.parcel.bytes).into_owned();
        let is_test = taken.parcel.subject.starts_with("[TEST] TST: ");
        assert_eq!(is_test, taken.to == ["test@example.org"], "{taken:?}");
        assert_eq!(is_test, text.contains("TEST: Dies ist ein Testmandant"), "{text}");
        assert!(!text.contains("Offene Probleme: 2"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_tried_at_another_api_is_in_no_sum() {
    let office = Office::new("").await;
    office.mark("LEO", 1, Some(no_payment())).await;
    // The same mandant, when it was tried at a test pixi.
    office.spoil("UPDATE orders SET api = 'trial'").await;
    let leo = MandantId::from("LEO");
    assert!(office.journal.in_work(&"live".into(), &leo).await.unwrap().is_empty());
    assert_eq!(office.journal.standing(&"live".into(), &leo).await.unwrap().problems, 0);
    assert!(office.journal.newest_problems(&"live".into(), &leo, 10).await.unwrap().is_empty());
    assert_eq!(office.journal.standing(&"trial".into(), &leo).await.unwrap().problems, 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_is_shown_and_mails_leave_once_it_is_back() {
    let office = Office::new("").await;
    office.server.fault(MailFault::Down);
    office.mark("LEO", 1, Some(no_payment())).await;
    office.mark("LEO", 2, Some(refused("RE1"))).await;
    let sent = office.turn().await;
    assert!(sent.sent == 0 && sent.failed.len() == 2, "{sent:?}");
    assert_eq!(office.server.tries(), 1, "one mail was enough to see it");
    for _ in 0..60 {
        office.wait(1).await;
        office.turn().await;
    }
    assert!((6..=8).contains(&office.server.tries()), "{} tries in an hour", office.server.tries());
    let state = office.journal.mail_state().await.unwrap();
    assert_eq!(state.unsent, 2);
    let troubles = troubles(&state, &office.settings);
    assert_eq!((troubles.len(), troubles[0].number), (1, Number::MailServerFails));
    let text = troubles[0].text(office.settings.language);
    assert_eq!(
        text,
        "Der Mailserver smtp.example.org:587 nimmt seit 2026-03-03 10:00 keine Mails an: connection refused"
    );
    office.server.fault(MailFault::None);
    office.wait(60).await;
    office.turn().await;
    assert_eq!(office.server.taken().len(), 2);
    let state = office.journal.mail_state().await.unwrap();
    assert!(state.unsent == 0 && super::troubles(&state, &office.settings).is_empty());
}

#[tokio::test(start_paused = true)]
async fn new_settings_are_tried_at_once() {
    let mut office = Office::new("").await;
    office.server.fault(MailFault::RefuseLogin);
    office.mark("LEO", 1, Some(no_payment())).await;
    office.turn().await;
    office.server.fault(MailFault::None);
    office.turn().await;
    assert!(office.server.taken().is_empty(), "the server rests");
    office.settings = Arc::new(settings("de", ""));
    office.turn().await;
    assert_eq!(office.server.taken().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_recipient_stops_no_other_and_is_shown() {
    let office = Office::new("").await;
    office.server.fault(MailFault::RefuseRecipient("anna@example.org".into()));
    let row = office.mark("LEO", 1, Some(no_payment())).await;
    office.turn().await;
    let letter = office.journal.mails_of(&row.order).await.unwrap().remove(0);
    assert_eq!(letter.state, LetterState::Sent);
    let states: Vec<_> = letter.recipients.iter().map(|one| (one.state, one.answer.as_deref())).collect();
    let wanted = [
        (RecipientState::Accepted, Some("250 kept in the sandbox")),
        (RecipientState::Refused, Some("550 no such user")),
    ];
    assert_eq!(states, wanted);
    let state = office.journal.mail_state().await.unwrap();
    let shown = troubles(&state, &office.settings);
    assert_eq!(shown[0].number, Number::MailRecipientRefused);
    office.server.fault(MailFault::None);
    office.mark("LEO", 2, Some(refused("RE1"))).await;
    office.turn().await;
    let state = office.journal.mail_state().await.unwrap();
    assert!(troubles(&state, &office.settings).is_empty(), "taken since");
}

#[tokio::test(start_paused = true)]
async fn who_is_put_off_is_tried_again_and_given_up_after_three_days() {
    let office = Office::new("  summary: off\n  reminder: false\n").await;
    office.server.fault(MailFault::NotNow);
    let row = office.mark("LEO", 1, Some(no_payment())).await;
    office.turn().await;
    let of_order = async || office.journal.mails_of(&row.order).await.unwrap().remove(0);
    assert_eq!(of_order().await.last_error.as_deref(), Some("451 try again later"));
    for _ in 0..(72 + 2) {
        office.wait(61).await;
        office.turn().await;
    }
    let letter = of_order().await;
    assert_eq!(letter.state, LetterState::Failed);
    let first = &letter.recipients[0];
    assert_eq!((first.state, first.answer.as_deref()), (RecipientState::GivenUp, Some("451 try again later")));
    let state = office.journal.mail_state().await.unwrap();
    assert!(troubles(&state, &office.settings).is_empty(), "nobody was refused");
    assert!(office.server.taken().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_mail_whose_answer_was_lost_is_sent_again_under_its_message_id() {
    let mut office = Office::new("  summary: off\n  reminder: false\n").await;
    office.server.fault(MailFault::LoseAnswer);
    office.mark("LEO", 1, Some(no_payment())).await;
    office.turn().await;
    office.server.fault(MailFault::None);
    office.restart().await;
    office.turn().await;
    office.wait(60).await;
    office.turn().await;
    let taken = office.server.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].parcel.message_id, taken[1].parcel.message_id);
    assert_eq!(taken[0].parcel.subject, taken[1].parcel.subject);
    assert_eq!(office.server.copies().values().copied().collect::<Vec<_>>(), [2, 2]);
}

#[tokio::test(start_paused = true)]
async fn mails_survive_a_crash_and_are_sent_once() {
    let mut office = Office::new("").await;
    office.mark("LEO", 1, Some(no_payment())).await;
    office.restart().await;
    office.turn().await;
    office.restart().await;
    office.turn().await;
    assert_eq!(office.server.taken().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_language_tells_nothing_anew() {
    let mut office = Office::new("  summary: off\n  reminder: false\n").await;
    office.mark("LEO", 1, Some(refused("RE1"))).await;
    office.turn().await;
    office.settings = Arc::new(settings("en", ""));
    office.wait(24 * 60).await;
    office.mark("LEO", 1, Some(refused("RE1"))).await;
    assert!(office.journal.waiting_news(10).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_settings_nobody_is_told_and_nothing_piles_up() {
    let office = Office::new("").await;
    let mut bare = settings("de", "");
    bare.mail = None;
    bare.mandants.values_mut().for_each(|mandant| mandant.mail = None);
    office.mark("LEO", 1, Some(no_payment())).await;
    office.post.turn(&Arc::new(bare)).await.unwrap();
    assert!(office.journal.waiting_news(10).await.unwrap().is_empty());
    assert!(office.journal.latest_mails(None, 10).await.unwrap().is_empty());
}
