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
    assert_eq!(office.subjects(0), ["LEO: Bestellung 1: Keine Unzer Payment ID an der Bestellung gefunden. (PP-1101)"]);
    let row = office.mark("LEO", 1, Some(no_payment())).await;
    let fingerprint = row.mark_fingerprint.clone().unwrap();
    office.journal.resolve(&row.order, &fingerprint, "anna", "called the buyer").await.unwrap();
    office.turn().await;
    assert_eq!(office.subjects(1), ["LEO: Gelöst: Bestellung 1 (PP-1101)"]);
    office.mark("LEO", 1, None).await;
    office.turn().await;
    assert_eq!(office.server.taken().len(), 2, "told once");
    let letters = office.journal.mails_of(&row.order).await.unwrap();
    assert_eq!(letters.iter().map(|one| one.kind.as_str()).collect::<Vec<_>>(), ["problem", "solved"]);
    assert!(!letters[1].text.contains("anna"));
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
        assert_eq!(is_test, text.contains("TEST: Dieser Mandant"), "{text}");
        assert!(!text.contains("Offene Probleme: 2"));
    }
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
    let troubles = troubles(&state, office.settings.timezone, office.clock.now());
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
    assert!(state.unsent == 0 && super::troubles(&state, office.settings.timezone, office.clock.now()).is_empty());
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
    let shown = troubles(&state, office.settings.timezone, office.clock.now());
    assert_eq!(shown[0].number, Number::MailRecipientRefused);
    office.server.fault(MailFault::None);
    office.mark("LEO", 2, Some(refused("RE1"))).await;
    office.turn().await;
    let state = office.journal.mail_state().await.unwrap();
    assert!(troubles(&state, office.settings.timezone, office.clock.now()).is_empty(), "taken since");
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
    assert_eq!(letter.recipients[0].answer.as_deref(), Some("given up: 451 try again later"));
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
