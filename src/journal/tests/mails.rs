//! What is to be told, the mails it goes into, and the servers they leave by.

use super::*;

async fn second_problems_are_told_once_and_each_ends_by_itself(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
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
    shop.journal.heartbeat(shop.owner).await.unwrap();
    // What stood beside the mark becomes the mark: a new mark, told anew on another day.
    let moved = shop.journal.record_plan(&again.row, problems("B", &[])).await.unwrap();
    assert!(moved.newly_marked);
    // The others are over, each by itself, though the order still has a mark.
    assert_eq!(news(&shop).await[4..], ["problem B", "solved A", "solved C", "solved XA"]);
    shop.journal.record_plan(&moved.row, plan(Next::End)).await.unwrap();
    assert_eq!(news(&shop).await[8..], ["solved B"]);
}

/// A plan with a problem, or with none.
fn marked(row: &OrderRow, problem: bool) -> PlanRecord {
    let notice = problem.then(|| Notice::problem(Number::NoPaymentId).with("nr", "1"));
    PlanRecord {
        mark_mail: notice.as_ref().map(|notice| telling("problem", row, notice)),
        mark: notice,
        reason: format!("{problem}"),
        ..plan(Next::End)
    }
}

/// Puts what waits into a mail.
async fn mail_all(shop: &Shop) -> Vec<String> {
    let told = news(shop).await;
    for one in shop.journal.waiting_news(100).await.unwrap() {
        let letter = NewLetter {
            mandant: "SHP".into(),
            kind: one.kind.clone(),
            message_id: one.message_id.clone(),
            subject: "s".into(),
            text: "t".into(),
            html: "h".into(),
            to: vec!["a@example.org".into()],
            news: vec![one.id],
        };
        shop.journal.write_mail(letter).await.unwrap();
    }
    told
}

async fn drop_all(shop: &Shop) {
    let all: Vec<i64> = shop.journal.waiting_news(100).await.unwrap().iter().map(|one| one.id).collect();
    shop.journal.drop_news(&all, "for a test").await.unwrap();
}

async fn a_problem_that_comes_and_goes_on_one_day_leaves_people_knowing_what_is(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    let mut row = shop.order(4711).await;
    let mut set = async |problem: bool| row = shop.journal.record_plan(&row, marked(&row, problem)).await.unwrap().row;
    set(true).await;
    assert_eq!(mail_all(&shop).await, ["problem 1"]);
    set(false).await;
    assert_eq!(news(&shop).await, ["solved 1"]);
    set(true).await;
    assert!(news(&shop).await.is_empty(), "as far as people know it was never away");
    set(false).await;
    assert_eq!(mail_all(&shop).await, ["solved 1"]);
    set(true).await;
    assert_eq!(mail_all(&shop).await, ["problem 1"], "people took it for solved");
    assert_eq!(shop.journal.topics_told(&"SHP".into(), "2026-03-03").await.unwrap(), ["PP-1101"]);
    for _ in 0..5 {
        set(false).await;
        set(true).await;
        assert!(mail_all(&shop).await.is_empty(), "no flood");
    }
    assert_eq!(shop.journal.mails_of(&nr(4711)).await.unwrap().len(), 3, "every mail stays with its order");
    shop.clock.sleep(Duration::from_hours(24)).await;
    shop.journal.heartbeat(shop.owner).await.unwrap();
    set(false).await;
    assert_eq!(mail_all(&shop).await, ["solved 1"], "another day");
    set(true).await;
    assert_eq!(mail_all(&shop).await, ["problem 1"]);
}

async fn what_was_told_to_nobody_was_not_told(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    let row = shop.order(4711).await;
    let first = shop.journal.record_plan(&row, marked(&row, true)).await.unwrap();
    drop_all(&shop).await;
    // Beside another mark it is told when it was not: on the same day, too.
    let other = Notice::problem(Number::SeveralPaymentIds);
    let record = PlanRecord {
        mark_mail: Some(telling("problem", &row, &other)),
        mark: Some(other),
        mails: vec![telling("problem", &row, &Notice::problem(Number::NoPaymentId).with("nr", "1"))],
        reason: "two".into(),
        ..plan(Next::End)
    };
    shop.journal.record_plan(&first.row, record).await.unwrap();
    let told = shop.journal.waiting_news(10).await.unwrap();
    let topics: Vec<_> = told.iter().map(|one| one.topic.as_deref().unwrap()).collect();
    assert_eq!(topics, ["PP-1102", "PP-1101"]);
}

async fn what_a_person_settled_is_neither_told_as_solved_nor_again(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    let row = shop.order(4711).await;
    let told = shop.journal.record_plan(&row, marked(&row, true)).await.unwrap().row;
    drop_all(&shop).await;
    shop.journal.resolve(&nr(4711), told.mark_fingerprint.as_deref().unwrap(), "anna", "seen to").await.unwrap();
    let settled = shop.journal.load_order(&nr(4711)).await.unwrap().unwrap();
    let again = PlanRecord { reason: "another word".into(), ..marked(&settled, true) };
    let still = shop.journal.record_plan(&settled, again).await.unwrap().row;
    let gone = shop.journal.record_plan(&still, marked(&still, false)).await.unwrap().row;
    shop.journal.record_plan(&gone, marked(&gone, true)).await.unwrap();
    assert!(news(&shop).await.is_empty());
}

async fn a_problem_with_another_amount_is_not_told_as_solved(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    let row = shop.order(4711).await;
    let refused = |amount: &str, document: &str| {
        let notice = Notice::problem(Number::CaptureRefused).with("amount", amount).with("document", document);
        let mark_mail = Some(telling("problem", &row, &notice));
        PlanRecord { mark: Some(notice), mark_mail, reason: format!("{amount} {document}"), ..plan(Next::End) }
    };
    let mut before = row.clone();
    let mut told = Vec::new();
    for (amount, document) in [("10.00 EUR", "RE1"), ("12.00 EUR", "RE1"), ("12.00 EUR", "RE2")] {
        before = shop.journal.record_plan(&before, refused(amount, document)).await.unwrap().row;
        let all = shop.journal.waiting_news(10).await.unwrap();
        told = all.iter().map(|one| format!("{} {}", one.kind, one.fingerprint)).collect();
    }
    let wanted = [
        "problem live/SHP/4711|PP-1303|amount=10.00 EUR|document=RE1",
        "problem live/SHP/4711|PP-1303|amount=12.00 EUR|document=RE1",
        "problem live/SHP/4711|PP-1303|amount=12.00 EUR|document=RE2",
        "solved live/SHP/4711|PP-1303|amount=12.00 EUR|document=RE1",
    ];
    assert_eq!(told, wanted);
}

async fn while_facts_are_not_whole_nothing_is_told_as_solved(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    let row = shop.order(4711).await;
    let row = shop.journal.record_plan(&row, marked(&row, true)).await.unwrap().row;
    mail_all(&shop).await;
    let blind = PlanRecord { undecided: true, ..marked(&row, false) };
    let row = shop.journal.record_plan(&row, blind).await.unwrap().row;
    assert!(news(&shop).await.is_empty());
    let seen = PlanRecord { reason: "seen".into(), ..marked(&row, false) };
    shop.journal.record_plan(&row, seen).await.unwrap();
    assert_eq!(news(&shop).await, ["solved 1"], "told once it is sure");
}

async fn one_spoiled_row_keeps_no_other_from_being_told(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    for number in [1, 2] {
        let row = shop.order(number).await;
        shop.journal.record_plan(&row, marked(&row, true)).await.unwrap();
    }
    shop.raw("UPDATE outbox SET params = '{\"number\":' WHERE order_id = (SELECT MIN(id) FROM orders)").await.unwrap();
    let told = shop.journal.waiting_news(10).await.unwrap();
    assert_eq!(told.len(), 2);
    assert!(told[0].params.is_null() && told[0].topic.as_deref() == Some("PP-1101") && !told[1].params.is_null());
}

async fn news_and_mails_are_taken_by_mandant(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    let tell = async |mandant: &str, what: i64| {
        let params = serde_json::json!({"number": "PP-1101"});
        let news = NewMail {
            mandant: mandant.into(),
            kind: "problem".into(),
            fingerprint: format!("{mandant} {what}"),
            params,
        };
        shop.journal.enqueue_mail(&"live".into(), news).await.unwrap();
    };
    for what in 0..9 {
        tell("AAA", what).await;
    }
    tell("BBB", 0).await;
    let mandants = |of: Vec<String>| of.join(" ");
    let waiting = shop.journal.waiting_news(3).await.unwrap();
    assert_eq!(mandants(waiting.iter().map(|one| one.mandant.0.clone()).collect()), "AAA AAA AAA BBB");
    for one in shop.journal.waiting_news(100).await.unwrap() {
        let letter = NewLetter {
            mandant: one.mandant.clone(),
            kind: "problem".into(),
            message_id: one.message_id.clone(),
            subject: "s".into(),
            text: "t".into(),
            html: "h".into(),
            to: vec!["a@example.org".into()],
            news: vec![one.id],
        };
        shop.journal.write_mail(letter).await.unwrap();
    }
    let due = shop.journal.due_mails(3).await.unwrap();
    assert_eq!(mandants(due.iter().map(|one| one.mandant.0.clone()).collect()), "AAA AAA AAA BBB");
}

async fn a_mail_keeps_its_text_and_what_each_recipient_was_told(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
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
    assert_eq!(shop.journal.due_mails(10).await.unwrap(), [DueMail { id, mandant: "SHP".into() }]);
    let due = shop.journal.load_mail(id).await.unwrap().unwrap();
    assert_eq!((due.tries, due.state), (1, LetterState::Queued));
    let taken = [("a@example.org".to_owned(), RecipientState::Accepted, "250 ok".to_owned())];
    shop.journal.mail_tried(id, &taken, None, Some(later)).await.unwrap();
    let told = shop.journal.mails_of(&nr(4711)).await.unwrap();
    assert_eq!((told.len(), told[0].state, told[0].last_error.as_deref()), (1, LetterState::Sent, None));
    let words: Vec<_> = told[0].recipients.iter().map(|one| (one.address.as_str(), one.state)).collect();
    assert_eq!(words, [("b@example.org", RecipientState::Refused), ("a@example.org", RecipientState::Accepted)]);
    let state = shop.journal.mail_state().await.unwrap();
    assert_eq!((state.unsent, state.refused.len(), state.refused[0].answer.as_str()), (0, 1, "550 who?"));
    assert!(shop.journal.mails_of(&nr(4712)).await.unwrap().is_empty());
}

async fn a_mail_server_has_a_state_with_since_when(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
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

async fn each_refused_address_is_known_by_its_latest_answer_for_a_week(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    let write = async |number: i64| {
        let to = ["a@x.example", "b@x.example"].map(str::to_owned).to_vec();
        let message_id = format!("m{number}");
        let text = || "t".to_owned();
        let letter = NewLetter {
            mandant: "SHP".into(),
            kind: "problem".into(),
            message_id,
            subject: text(),
            text: text(),
            html: text(),
            to,
            news: Vec::new(),
        };
        shop.journal.heartbeat(shop.owner).await.unwrap();
        shop.journal.write_mail(letter).await.unwrap()
    };
    let answer = async |id: i64, address: &str, state: RecipientState, words: &str| {
        let answers = [(address.to_owned(), state, words.to_owned())];
        shop.journal.mail_tried(id, &answers, None, Some(noon())).await.unwrap();
    };
    let refused = async || {
        let all = shop.journal.mail_state().await.unwrap().refused;
        all.into_iter().map(|one| format!("{} {}", one.address, one.answer)).collect::<Vec<_>>()
    };
    let first = write(1).await;
    answer(first, "a@x.example", RecipientState::Refused, "550 first").await;
    answer(first, "b@x.example", RecipientState::Refused, "550 b").await;
    let second = write(2).await;
    shop.clock.sleep(Duration::from_mins(1)).await;
    answer(second, "a@x.example", RecipientState::Refused, "550 second").await;
    assert_eq!(refused().await, ["a@x.example 550 second", "b@x.example 550 b"]);
    answer(second, "b@x.example", RecipientState::Accepted, "250 ok").await;
    assert_eq!(refused().await, ["a@x.example 550 second"]);
    // What is given up was refused by nobody.
    let third = write(3).await;
    shop.clock.sleep(Duration::from_mins(1)).await;
    shop.journal.mail_tried(third, &[], Some("connection refused"), None).await.unwrap();
    assert_eq!(refused().await, ["a@x.example 550 second"]);
    let letter = shop.journal.load_mail(third).await.unwrap().unwrap();
    assert_eq!((letter.state, letter.recipients[0].state), (LetterState::Failed, RecipientState::GivenUp));
    shop.clock.sleep(Duration::from_hours(24 * 7)).await;
    assert!(refused().await.is_empty());
}

on_both_databases! {
    paused:
        second_problems_are_told_once_and_each_ends_by_itself,
        a_problem_that_comes_and_goes_on_one_day_leaves_people_knowing_what_is,
        what_was_told_to_nobody_was_not_told,
        what_a_person_settled_is_neither_told_as_solved_nor_again,
        a_problem_with_another_amount_is_not_told_as_solved,
        while_facts_are_not_whole_nothing_is_told_as_solved,
        one_spoiled_row_keeps_no_other_from_being_told,
        news_and_mails_are_taken_by_mandant,
        a_mail_keeps_its_text_and_what_each_recipient_was_told,
        a_mail_server_has_a_state_with_since_when,
        each_refused_address_is_known_by_its_latest_answer_for_a_week;
}
