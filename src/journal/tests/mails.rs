//! What is to be told, the mails it goes into, and the servers they leave by.

use super::*;

#[tokio::test(start_paused = true)]
async fn second_problems_are_told_once_and_the_end_of_the_mark_alone() {
    let shop = Shop::open(Mode::Inline).await;
    let row = shop.order(4711).await;
    let notice = |value: &str| Notice::problem(Number::CaptureRefused).with("document", value);
    let problems = |mark: &str, beside: &[&str]| PlanRecord {
        undecided: false,
        mark: Some(notice(mark)),
        mark_mail: Some(telling("problem", &row, &notice(mark))),
        mails: beside.iter().map(|value| telling("problem", &row, &notice(value))).collect(),
        reason: format!("{mark} {beside:?}"),
        ..plan(Next::End)
    };
    let first = shop.journal.record_plan(&row, problems("A", &["XA", "B"])).await.unwrap();
    assert_eq!(news(&shop).await, ["problem A", "problem XA", "problem B"], "one that ends like the mark is another");
    let again = shop.journal.record_plan(&first.row, problems("A", &["B", "XA", "C"])).await.unwrap();
    assert_eq!(news(&shop).await.len(), 4, "only what is new");
    shop.clock.sleep(Duration::from_hours(30)).await;
    // What stood beside the mark becomes the mark: a new mark, told anew on another day.
    let moved = shop.journal.record_plan(&again.row, problems("B", &[])).await.unwrap();
    assert!(moved.newly_marked);
    assert_eq!(news(&shop).await[4..], ["problem B"]);
    shop.journal.record_plan(&moved.row, plan(Next::End)).await.unwrap();
    assert_eq!(news(&shop).await[5..], ["solved B"]);
}

#[tokio::test(start_paused = true)]
async fn a_mail_keeps_its_text_and_what_each_recipient_was_told() {
    let shop = Shop::open(Mode::Inline).await;
    let row = shop.order(4711).await;
    let notice = Notice::problem(Number::NoPaymentId);
    let record = PlanRecord {
        undecided: false,
        mark: Some(notice.clone()),
        mark_mail: Some(telling("problem", &row, &notice)),
        ..plan(Next::End)
    };
    shop.journal.record_plan(&row, record).await.unwrap();
    let news = shop.journal.waiting_news(10).await.unwrap();
    assert_eq!((news[0].topic.as_deref(), news[0].of_order), (Some("PP-1101"), true));
    let letter = NewLetter {
        mandant: "SHP".into(),
        kind: "problem".into(),
        message_id: news[0].message_id.clone(),
        subject: "s".into(),
        text: "t".into(),
        html: "h".into(),
        to: vec!["b@example.org".into(), "a@example.org".into()],
        news: vec![news[0].id],
    };
    let id = shop.journal.write_mail(letter).await.unwrap();
    assert!(shop.journal.waiting_news(10).await.unwrap().is_empty());
    assert_eq!(shop.journal.topics_told(&"SHP".into(), "2026-03-03").await.unwrap(), ["PP-1101"]);
    assert_eq!(shop.journal.mail_state().await.unwrap().unsent, 1);
    let later = noon() + TimeDelta::minutes(1);
    let refused = [("b@example.org".to_owned(), RecipientState::Refused, "550 who?".to_owned())];
    shop.journal.mail_tried(id, &refused, Some("451 busy"), Some(later)).await.unwrap();
    assert!(shop.journal.due_mails(10).await.unwrap().is_empty());
    shop.clock.sleep(Duration::from_mins(1)).await;
    let due = shop.journal.due_mails(10).await.unwrap();
    assert_eq!((due.len(), due[0].tries, due[0].state), (1, 1, LetterState::Queued));
    let taken = [("a@example.org".to_owned(), RecipientState::Accepted, "250 ok".to_owned())];
    shop.journal.mail_tried(id, &taken, None, Some(later)).await.unwrap();
    let told = shop.journal.mails_of(&nr(4711)).await.unwrap();
    assert_eq!((told.len(), told[0].state, told[0].last_error.as_deref()), (1, LetterState::Sent, None));
    let words: Vec<_> = told[0].recipients.iter().map(|one| (one.address.as_str(), one.state)).collect();
    assert_eq!(words, [("b@example.org", RecipientState::Refused), ("a@example.org", RecipientState::Accepted)]);
    let state = shop.journal.mail_state().await.unwrap();
    assert_eq!((state.unsent, state.last_refused.unwrap().2.as_str()), (0, "550 who?"));
    assert!(shop.journal.mails_of(&nr(4712)).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_mail_server_has_a_state_with_since_when() {
    let shop = Shop::open(Mode::Inline).await;
    let next = noon() + TimeDelta::minutes(5);
    shop.journal.mail_server_failed("smtp.x:25", "no", next).await.unwrap();
    shop.clock.sleep(Duration::from_mins(1)).await;
    shop.journal.mail_server_failed("smtp.x:25", "still no", next).await.unwrap();
    let server = shop.journal.mail_state().await.unwrap().servers.remove(0);
    assert_eq!((server.failures, server.since, server.last_error.as_deref()), (2, noon(), Some("still no")));
    shop.journal.mail_server_worked("smtp.x:25").await.unwrap();
    let server = shop.journal.mail_state().await.unwrap().servers.remove(0);
    assert!(server.works() && server.since == shop.clock.now() && server.last_success == Some(shop.clock.now()));
}
