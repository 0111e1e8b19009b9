//! What stands in mails, in both languages, and what never does.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::*;
use crate::journal::{DayTotals, InWork, News};
use crate::mail::daily::Day;
use crate::mail::gather::{Kind, Wishes, gather};
use crate::mail::pages::{Answer, Desk, Page};
use crate::mail::render::render;

async fn news(told: &[(&str, &str, i64, Notice)]) -> Vec<News> {
    let clock = Clock::simulated("2026-03-03T09:00:00Z".parse::<Time>().unwrap(), 1);
    let folder = tempfile::tempdir().unwrap();
    let journal = Office::open(&folder, &clock).await;
    for (kind, mandant, nr, notice) in told {
        let row = order(&journal, &clock, mandant, *nr).await;
        let shown = OrderRow { amounts: plan(&row, None).amounts, ..row };
        journal.enqueue_mail(&"live".into(), telling(kind, &shown, notice)).await.unwrap();
    }
    journal.waiting_news(1_000).await.unwrap()
}

fn pages(settings: &Settings, news: Vec<News>, told: &[&str], answer: Option<&str>) -> Vec<Page> {
    let mandant = news[0].mandant.clone();
    let answers: BTreeMap<i64, Answer> =
        answer.map(|text| (news[0].id, Answer { peer: "Unzer", text: text.to_owned() })).into_iter().collect();
    let told: BTreeSet<String> = told.iter().map(|topic| (*topic).to_owned()).collect();
    let desk = Desk { settings, mandant: &mandant };
    gather(news, &told, Wishes { room: None, solved: true })
        .drafts
        .iter()
        .map(|draft| desk.of(draft, &answers))
        .collect()
}

fn text(page: &Page) -> String {
    format!("Subject: {}\n\n{}", page.subject, render(page).unwrap().text)
}

#[tokio::test(start_paused = true)]
async fn a_problem_reads_in_german_and_english() {
    for language in ["de", "en"] {
        let settings = settings(language, "");
        let told = news(&[("problem", "LEO", 4711, refused("RE4711"))]).await;
        let page = pages(&settings, told, &[], Some("COR.800.100.153 invalid CVV")).remove(0);
        insta::assert_snapshot!(format!("problem_{language}"), text(&page));
        insta::assert_snapshot!(format!("problem_{language}_html"), render(&page).unwrap().html);
    }
}

#[tokio::test(start_paused = true)]
async fn lists_and_solved_ones_read_in_german_and_english() {
    for language in ["de", "en"] {
        let settings = settings(language, "");
        let told = news(&[
            ("problem", "TST", 1, no_payment()),
            ("problem", "TST", 2, no_payment()),
            ("problem", "TST", 3, refused("RE3")),
            ("problem", "TST", 4, refused("RE4")),
            ("solved", "TST", 5, no_payment()),
            ("solved", "TST", 6, refused("RE6")),
        ])
        .await;
        let all: Vec<String> = pages(&settings, told, &["PP-1303"], None).iter().map(text).collect();
        assert_eq!(all.len(), 3);
        insta::assert_snapshot!(format!("lists_{language}"), all.join("\n============================\n\n"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_day_reads_in_german_and_english() {
    let office = Office::new("").await;
    office.mark("LEO", 7, Some(no_payment())).await;
    office.mark("LEO", 8, Some(refused("RE8"))).await;
    let leo = MandantId::from("LEO");
    let day = NaiveDate::from_ymd_opt(2026, 3, 3).unwrap();
    let mut shown = Day::of(&office.journal, &"live".into(), &leo, day).await.unwrap();
    assert_eq!((shown.standing.problems, shown.open.len(), shown.in_work[0].orders), (2, 2, 2));
    let total = DayTotals {
        day: "2026-03-02".into(),
        api: "live".into(),
        mandant: leo.clone(),
        currency: Currency::EUR,
        captured: 12_345_67,
        captures: 31,
        refunded: 99_00,
        refunds: 2,
        problems: 2,
    };
    shown.totals = vec![total];
    shown.in_work =
        vec![InWork { currency: Currency::EUR, orders: 44, awaiting: 3, awaited: 310_00, capturable: 2_000_00 }];
    for language in ["de", "en"] {
        let settings = settings(language, "");
        let desk = Desk { settings: &settings, mandant: &leo };
        let pages = [desk.daily(Kind::Summary, &shown), desk.daily(Kind::Reminder, &shown)];
        insta::assert_snapshot!(format!("day_{language}"), pages.each_ref().map(text).join("\n==========\n\n"));
    }
}

#[tokio::test(start_paused = true)]
async fn all_is_well_is_said_only_where_nothing_is_open() {
    let office = Office::new("").await;
    let leo = MandantId::from("LEO");
    let today = NaiveDate::from_ymd_opt(2026, 3, 3).unwrap();
    let said = async |settings: &Settings| {
        let day = Day::of(&office.journal, &"live".into(), &leo, today).await.unwrap();
        text(&Desk { settings, mandant: &leo }.daily(Kind::Summary, &day))
    };
    let settings = settings("de", "");
    let well = "Alles in Ordnung";
    assert!(said(&settings).await.contains(well));
    let mut off = settings.clone();
    off.pixi.values_mut().for_each(|api| api.active = false);
    let shown = said(&off).await;
    assert!(!shown.contains(well) && shown.contains("Dieser Mandant ist abgeschaltet"), "{shown}");
    // A hint is nothing to do, and still not nothing.
    let hint = Notice { severity: crate::text::Severity::Hint, ..no_payment() };
    let row = order(&office.journal, &office.clock, "LEO", 1).await;
    let hinted = office.journal.record_plan(&row, PlanRecord { mark_mail: None, ..plan(&row, Some(hint)) }).await;
    let shown = said(&settings).await;
    assert!(
        !shown.contains(well) && shown.contains("Kein Problem ist offen") && shown.contains("Hinweis: 1"),
        "{shown}"
    );
    // A problem a person has settled, and that is still there.
    let row = hinted.unwrap().row;
    let row = office.journal.record_plan(&row, plan(&row, Some(no_payment()))).await.unwrap().row;
    assert!(said(&settings).await.contains("Offene Probleme: 1"));
    office.journal.resolve(&row.order, row.mark_fingerprint.as_deref().unwrap(), "anna", "seen to").await.unwrap();
    let shown = said(&settings).await;
    assert!(!shown.contains(well) && shown.contains("bestehen aber noch: 1"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_long_list_shows_the_newest_and_how_many_are_older() {
    let office = Office::new("").await;
    for nr in (1..=203).rev() {
        office.mark("LEO", nr, Some(no_payment())).await;
        office.wait(1).await;
    }
    let leo = MandantId::from("LEO");
    let day = NaiveDate::from_ymd_opt(2026, 3, 3).unwrap();
    let day = Day::of(&office.journal, &"live".into(), &leo, day).await.unwrap();
    let shown = text(&Desk { settings: &office.settings, mandant: &leo }.daily(Kind::Reminder, &day));
    let orders: Vec<i64> = day.open.iter().map(|row| row.order.nr).collect();
    assert_eq!(orders, (1..=200).collect::<Vec<_>>(), "the newest first");
    assert!(
        shown.contains("und 3 ältere; alle zeigt: pixi-payd orders --problems --limit all --mandant LEO"),
        "{shown}"
    );
    let many: Vec<(&str, &str, i64, Notice)> =
        (1..=1_002).map(|nr| ("problem", "LEO", 100_000 + nr, no_payment())).collect();
    let mut told = news(&many[..1_000]).await;
    for extra in [1, 2] {
        let mut one = told[0].clone();
        (one.id, one.params["order_nr"]) = (100_000 + extra, (900_000 + extra).into());
        told.push(one);
    }
    let shown = text(&pages(&office.settings, told, &[], None).remove(0));
    assert!(shown.contains("- 900002") && !shown.contains("- 100001 ") && shown.contains("und 2 ältere"));
}

#[tokio::test(start_paused = true)]
async fn a_mail_of_both_counts_only_what_stands() {
    let settings = settings("de", "");
    let told = news(&[
        ("solved", "LEO", 1, no_payment()),
        ("problem", "LEO", 2, no_payment()),
        ("problem", "LEO", 3, refused("RE3")),
        ("problem", "LEO", 4, Notice::problem(Number::SeveralPaymentIds)),
    ])
    .await;
    let desk = Desk { settings: &settings, mandant: &MandantId::from("LEO") };
    let drafts = gather(told, &BTreeSet::new(), Wishes { room: Some(1), solved: true }).drafts;
    let page = desk.of(&drafts[0], &BTreeMap::new());
    assert_eq!(page.subject, "LEO: Weitere Probleme: 3 (Gelöst: 1)");
    let shown = text(&page);
    assert!(shown.contains("Was sich inzwischen erledigt hat, steht am Ende"), "{shown}");
    let (stands, over) = (shown.find("PP-1303").unwrap(), shown.find("Gelöst: Keine").unwrap());
    assert!(stands < over, "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_subject_ends_with_its_number_however_long_it_is() {
    let settings = settings("de", "");
    let told = news(&[("problem", "TST", 4711, refused(&"RE".repeat(80)))]).await;
    let subject = pages(&settings, told, &[], None).remove(0).subject;
    assert!(subject.starts_with("[TEST] TST: Bestellung 4711: ") && subject.ends_with("… (PP-1303)"), "{subject}");
    assert_eq!(subject.chars().count(), 120);
}

#[tokio::test(start_paused = true)]
async fn an_order_can_be_found_without_pages() {
    let mut settings = settings("de", "");
    settings.web.public_url = None;
    let told = news(&[("problem", "LEO", 4711, no_payment())]).await;
    let page = pages(&settings, told, &[], None).remove(0);
    assert!(text(&page).contains("Ansehen mit: pixi-payd order show 4711 --mandant LEO"));
}

#[tokio::test(start_paused = true)]
async fn no_text_from_outside_becomes_a_header_or_markup() {
    let evil = "4711\r\nBcc: all@evil.example\r\n\r\n<script>alert(1)</script>\u{202E}\u{0}";
    let mut settings = settings("de", "");
    let mandant = settings.mandants.get_mut(&MandantId::from("LEO")).unwrap();
    mandant.name = format!("Größe & Söhne 漢字 {evil}");
    let notice = Notice::problem(Number::PixiRefused).with("step", evil).with("code", evil);
    let mut told = news(&[("problem", "LEO", 4711, notice)]).await;
    told[0].params["order_nr_external"] = evil.into();
    let page = pages(&settings, told, &[], Some(evil)).remove(0);
    let parts = render(&page).unwrap();
    assert!(!parts.html.contains("<script>") && !parts.text.contains('\u{202E}') && !parts.text.contains('\r'));
    let office = Office::new("").await;
    let letter = crate::journal::NewLetter {
        mandant: "LEO".into(),
        kind: "problem".into(),
        message_id: "1.2".into(),
        subject: format!("{} {evil}", page.subject),
        text: parts.text,
        html: parts.html,
        to: vec!["it@example.org".into()],
        news: Vec::new(),
    };
    office.journal.write_mail(letter).await.unwrap();
    office.turn().await;
    let taken = office.server.taken();
    let bytes = String::from_utf8(taken[0].parcel.bytes.clone()).unwrap();
    let (head, _) = bytes.split_once("\r\n\r\n").unwrap();
    let names: Vec<&str> = head
        .lines()
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split_once(':').unwrap().0)
        .collect();
    let wanted = ["From", "Subject", "Message-ID", "Date", "Auto-Submitted", "To", "MIME-Version", "Content-Type"];
    assert_eq!(names, wanted, "{head}");
    assert!(!bytes.contains("all@evil.example"));
}

#[tokio::test(start_paused = true)]
async fn accounts_and_addresses_in_foreign_texts_are_not_passed_on() {
    let settings = settings("de", "");
    let code = "COR.100 holder DE89370400440532013000 max.muster@kunde.example";
    let told = news(&[("problem", "LEO", 1, Notice::problem(Number::UnzerConfiguration).with("code", code))]).await;
    let shown = text(&pages(&settings, told, &[], Some(code)).remove(0));
    assert!(!shown.contains("DE8937") && !shown.contains("kunde.example"), "{shown}");
    assert!(shown.contains("COR.100"), "the raw code stays: {shown}");
    // A text that only looks like a sentence of ours, a sentence with such a value, and one written with gaps.
    let phrase =
        crate::text::Phrase::new(crate::text::PhraseKey::UnzerUnreachable).with("code", "de89 3704 0044 0532 0130 00");
    for code in [
        "{\"key\":DE89370400440532013000 max@kunde.example".to_owned(),
        phrase.as_value(),
        "AT61 1904 3002 3457 3201".to_owned(),
    ] {
        let told =
            news(&[("problem", "LEO", 1, Notice::problem(Number::UnzerConfiguration).with("code", &code))]).await;
        let shown = text(&pages(&settings, told, &[], None).remove(0));
        let is_hidden = ["0044", "3002", "kunde"].iter().all(|part| !shown.contains(part));
        assert!(is_hidden && shown.contains('…'), "{code}: {shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_kind_of_news_of_another_version_is_told_all_the_same() {
    let settings = settings("de", "");
    let mut told = news(&[("problem", "LEO", 1, no_payment())]).await;
    told[0].params = serde_json::json!({"number": "PP-9999", "order_nr": 1});
    told[0].topic = Some("PP-9999".into());
    let shown = text(&pages(&settings, told, &[], None).remove(0));
    assert!(shown.contains("PP-9999"), "{shown}");
}

#[test]
fn a_test_mail_says_what_it_is() {
    let settings = settings("en", "");
    let mail = settings.mail.as_ref().unwrap();
    let leo = MandantId::from("TST");
    let at = "2026-03-03T09:00:00Z".parse().unwrap();
    let test = TestMail { settings: &settings, mandant: Some(&leo), mail, message_id: "1.test".into(), at };
    let parcel = parcel_of_test(&test).unwrap();
    assert_eq!(parcel.subject, "[TEST] TST: Test mail from pixi-payd");
    assert_eq!(parcel.message_id, "1.test@example.org");
    let message = String::from_utf8(parcel.bytes).unwrap();
    assert!(message.contains("To: it@example.org, anna@example.org\r\n"), "{message}");
    assert!(message.contains("text/plain; charset=utf-8") && message.contains("text/html; charset=utf-8"));
}
