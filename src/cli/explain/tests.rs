use std::fmt::Write as _;

use super::{Known, document, lines, look};
use crate::config::{MandantKind, Mode};
use crate::sandbox::STORIES;
use crate::sandbox::tests::{Theatre, play, theatre};
use crate::text::Language;

/// Plays stories, each in a world of its own, and explains each order in both languages.
async fn explained(stories: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, method) in stories {
        let theatre = theatre().await;
        let number = STORIES.iter().position(|story| story.name == *name && story.method == *method).unwrap();
        let ended = play(&theatre, &[number]).await;
        let (nr, _) = ended[0].1.clone().unwrap();
        for language in [Language::De, Language::En] {
            let told = explain(&theatre, nr, language, |_| {}).await;
            let _ = writeln!(text, "# {method}, {name}, {language:?}\n{told}\n");
        }
    }
    text
}

async fn explain(
    theatre: &Theatre,
    nr: i64,
    language: Language,
    change: impl FnOnce(&mut crate::config::Settings),
) -> String {
    let shop = theatre.workshop(|settings| {
        settings.language = language;
        change(settings);
    });
    let rows =
        shop.journal.list_orders(crate::journal::OrderFilter { limit: 1000, ..Default::default() }).await.unwrap();
    let row = rows.into_iter().find(|row| row.order.nr == nr).unwrap();
    let (order, code) = (row.order.clone(), row.payment_code.clone());
    let known: Known = look(&shop, order, Some(row), &code, false).await.unwrap();
    lines(&shop, &known).iter().map(|line| without_times(line)).collect::<Vec<_>>().join("\n")
}

/// Dates and times are left out: they tell how fast the story was played.
fn without_times(line: &str) -> String {
    let is_time = |word: &str| {
        let core = word.trim_matches(|c: char| !c.is_ascii_digit());
        core.len() >= 5 && core.chars().all(|c| c.is_ascii_digit() || c == '-' || c == ':') && core.contains(['-', ':'])
    };
    line.split(' ').map(|word| if is_time(word) { "…" } else { word }).collect::<Vec<_>>().join(" ")
}

#[tokio::test(start_paused = true)]
async fn a_bookkeeper_reads_what_became_of_an_order() {
    let stories = [
        ("shipped in two parts", "Card"),
        ("captured at import", "Card"),
        ("one line cancelled", "Card"),
        ("everything returned", "PayPal"),
        ("cents short, within tolerance", "Card"),
        ("paid and returned", "EPS"),
        ("returned, refund refused", "Giropay"),
        ("overpaid", "Prepayment"),
        ("paid after cancellation", "Prepayment"),
        ("settled by hand in pixi", "Invoice"),
        ("part returned, rest paid", "Invoice"),
        ("line cancelled, rest returned in part", "Invoice Secured"),
        ("one line cancelled", "Paylater Invoice"),
        ("made by hand in pixi", "-"),
        ("older than the start date", "Card"),
        ("too little money", "Card"),
        ("capture declined after shipping", "Card"),
        ("raised after release", "Card"),
        ("charged back", "Direct Debit"),
        ("captured by hand at Unzer", "Card"),
        ("refunded by hand at Unzer", "Card"),
        ("refund nobody can place", "PayPal"),
        ("authorisation expired", "Card"),
    ];
    insta::assert_snapshot!(explained(&stories).await);
}

#[tokio::test(start_paused = true)]
async fn a_changed_setting_is_explained_on_an_old_order() {
    let theatre = theatre().await;
    let number = STORIES.iter().position(|story| story.name == "one line returned" && story.method == "Card").unwrap();
    let ended = play(&theatre, &[number]).await;
    let (nr, _) = ended[0].1.clone().unwrap();
    let told = explain(&theatre, nr, Language::En, |settings| {
        for mandant in settings.mandants.values_mut() {
            for payment_type in mandant.payment_types.values_mut() {
                payment_type.mode = Mode::Standard;
                payment_type.event_invoice = "ZZ1".to_owned();
            }
        }
    })
    .await;
    let pinned =
        "This order was first seen in mode expert and keeps it; the setting is now standard and holds for new orders.";
    assert!(told.contains(pinned), "{told}");
    assert!(
        told.contains("was booked with the event UZE; the setting is now ZZ1 and holds for new bookings."),
        "{told}"
    );
    assert!(told.contains("Card, expert mode"), "{told}");
    let off = explain(&theatre, nr, Language::De, |settings| {
        for mandant in settings.mandants.values_mut() {
            mandant.payment_types.values_mut().for_each(|payment_type| payment_type.active = false);
        }
    })
    .await;
    assert!(off.contains("Zahlungsart oder Mandant ist abgeschaltet"), "{off}");
}

#[tokio::test(start_paused = true)]
async fn an_order_of_a_test_mandant_is_marked_in_text_and_document() {
    let theatre = theatre().await;
    let story = STORIES.iter().position(|story| story.name == "too little money" && story.method == "Card").unwrap();
    play(&theatre, &[story]).await;
    for (kind, is_test) in [(MandantKind::Test, true), (MandantKind::Production, false)] {
        let shop = theatre.workshop(|settings| settings.mandants.values_mut().for_each(|one| one.kind = kind));
        let row = shop.journal.list_orders(crate::journal::OrderFilter::default()).await.unwrap().remove(0);
        let (order, code) = (row.order.clone(), row.payment_code.clone());
        let known: Known = look(&shop, order, Some(row), &code, false).await.unwrap();
        assert_eq!(lines(&shop, &known)[0].contains(", TEST"), is_test);
        let whole = document(&shop, &known);
        for place in ["/test", "/order/test", "/plan/test"] {
            assert_eq!(whole.pointer(place), Some(&is_test.into()), "{place}");
        }
    }
}
