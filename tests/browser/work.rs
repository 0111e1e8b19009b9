//! What a person does with the pages on a day with problems.

use crate::alone::alone;
use crate::chrome::{Browser, browse};
use crate::stage::{Doors, Stage, until};

/// The bar with the word of what became of a wish.
const SAID: &str = "[data-said]";

#[tokio::test]
async fn a_person_finds_reads_and_clears_problems() {
    let stage = Stage::shared();
    let doors = stage.doors().await;
    let problems = stage.problems(5).await;
    let _alone = alone().await;
    browse(&doors, async |browser| {
        is_refused(&browser).await;
        browser.log_in(&doors).await;
        filters(&browser, &problems[0]).await;
        clears_on_its_page(&browser, &problems[0]).await;
        clears_in_the_list(&browser, &problems[1]).await;
        every_action_asks_first(&browser, &problems[4]).await;
        logs_out(&browser).await;
        let severe: Vec<_> = browser.console().await.into_iter().filter(|entry| entry.level == "SEVERE").collect();
        // Being refused is an error to the console.
        assert!(severe.iter().all(|entry| entry.message.contains("/login")), "{severe:?}");
    })
    .await;
}

async fn is_refused(browser: &Browser) {
    browser.open("/?mark=problem").await;
    assert!(browser.path().await.starts_with("/login?"), "asked to log in first: {}", browser.path().await);
    browser.write("#name", "demo").await;
    browser.write("#password", "not the password").await;
    browser.click("[data-page=login] button").await;
    assert_eq!(browser.text("[role=alert]").await, "Name oder Passwort stimmt nicht.");
    assert_eq!(browser.count("[data-part=orders]").await, 0);
    browser.open("/").await;
    assert!(browser.path().await.starts_with("/login"), "still nobody");
}

async fn filters(browser: &Browser, nr: &str) {
    let all = browser.count(".orders tbody").await;
    browser.choose("#mark", "problem").await;
    browser.click(".filters button").await;
    until("the list of problems", async || browser.path().await.contains("mark=problem").then_some(())).await;
    // Empty filters are left out by the script.
    assert_eq!(browser.path().await, "/?mark=problem");
    let shown = browser.count(".orders tbody").await;
    assert!(shown > 0 && shown < all, "{shown} of {all}");
    assert_eq!(browser.count(".orders tbody [data-mark=problem]").await, shown);
    let order = format!(".orders tbody[data-order$=\"/{nr}\"]");
    assert_eq!(browser.count(&order).await, 1);
    let title = browser.find(&format!("{order} [data-mark]")).await.attr("title").await.unwrap().unwrap();
    assert!(!title.is_empty(), "the reason is shown on hover");
    browser.click("[data-action=reset]").await;
    until("all again", async || (browser.path().await == "/").then_some(())).await;
    browser.write("#q", nr).await;
    browser.click(".filters button").await;
    until("the order that was searched for", async || browser.path().await.contains("q=").then_some(())).await;
    assert_eq!(browser.count(".orders tbody").await, 1);
}

/// On its own page, with a confirmation and a reason.
async fn clears_on_its_page(browser: &Browser, nr: &str) {
    browser.click(".orders a.order").await;
    browser.find(&format!("[data-page=order][data-order$=\"/{nr}\"]")).await;
    assert_eq!(browser.count("[data-part=mark][data-mark=problem]").await, 1);
    assert!(browser.count("[data-part=timeline] [data-step]").await > 0, "what was done is shown");
    browser.click("[data-action=resolve]").await;
    browser.find("[data-confirm=resolve]").await;
    // The browser wants a reason, and so does the daemon.
    browser.click("[data-action=confirm]").await;
    assert_eq!(browser.script("return document.querySelector('#reason').matches(':invalid')").await, true);
    browser.script("document.querySelector('[data-confirm]').noValidate = true").await;
    browser.click("[data-action=confirm]").await;
    assert_eq!(browser.text("#missing").await, "Bitte einen Grund angeben.");
    browser.write("#reason", "mit dem Käufer geklärt").await;
    browser.click("[data-action=confirm]").await;
    assert!(browser.text(SAID).await.contains("gelöscht"));
    let mark = browser.text("[data-part=mark][data-mark=settled]").await;
    for word in ["demo", "mit dem Käufer geklärt", "2026"] {
        assert!(mark.contains(word), "who, why and when: {word} in {mark}");
    }
    assert_eq!(browser.count("[data-part=actions] [data-action=resolve]").await, 0, "once is enough");
    browser.open(&format!("/?q={nr}")).await;
    assert_eq!(browser.count(".orders tbody [data-mark]").await, 0, "gone from the list");
}

/// With one click, in the list as it is filtered.
async fn clears_in_the_list(browser: &Browser, nr: &str) {
    browser.open("/?mark=problem").await;
    let order = format!(".orders tbody[data-order$=\"/{nr}\"]");
    browser.click(&format!("{order} [data-action=solved]")).await;
    assert!(browser.text(SAID).await.contains("gelöscht"));
    assert!(browser.path().await.starts_with("/?mark=problem"), "the selection is kept: {}", browser.path().await);
    assert_eq!(browser.count(&order).await, 0);
    browser.open(&format!("/?q={nr}")).await;
    assert_eq!(browser.count(".orders tbody [data-mark]").await, 0);
    browser.click(".orders a.order").await;
    assert!(browser.text("[data-part=mark][data-mark=settled]").await.contains("demo"));
}

async fn every_action_asks_first(browser: &Browser, nr: &str) {
    browser.open(&format!("/?q={nr}")).await;
    browser.click(".orders a.order").await;
    browser.find("[data-page=order]").await;
    let names = "return [...document.querySelectorAll('[data-part=actions] [data-action]')].map(a => a.dataset.action)";
    let actions: Vec<String> = serde_json::from_value(browser.script(names).await).unwrap();
    assert!(actions.len() >= 4, "{actions:?}");
    for action in &actions {
        browser.click(&format!("[data-part=actions] [data-action={action}]")).await;
        browser.find(&format!("[data-confirm={action}]")).await;
        browser.click("[data-confirm] .quiet").await;
        browser.find("[data-page=order]").await;
    }
    browser.click("[data-part=actions] [data-action=recheck]").await;
    browser.click("[data-confirm=recheck] [data-action=confirm]").await;
    assert!(!browser.text(SAID).await.is_empty());
    browser.click("[data-part=actions] [data-action=retry]").await;
    browser.write("[data-confirm=retry] #reason", "noch einmal").await;
    browser.click("[data-action=confirm]").await;
    // The page loads itself anew until the daemon has answered.
    until("the daemon answers", async || {
        let answered = "return !document.querySelector('[data-reload]') && \
                        document.querySelectorAll('[data-request]').length === 1";
        browser.try_script(answered).await.filter(|answered| answered == true)
    })
    .await;
    assert!(browser.text("[data-request]").await.contains("demo: noch einmal"));
    browser.click("[data-part=actions] [data-action=ignore]").await;
    browser.write("[data-confirm=ignore] #reason", "von Hand erledigt").await;
    browser.click("[data-action=confirm]").await;
    browser.find(SAID).await;
    until("it is left alone", async || {
        (browser.count("[data-part=actions] [data-action=ignore]").await == 0).then_some(())
    })
    .await;
}

async fn logs_out(browser: &Browser) {
    browser.open("/").await;
    browser.click("[data-action=logout]").await;
    browser.find("[data-page=login]").await;
    browser.back().await;
    until("nothing is left to see", async || browser.path().await.starts_with("/login").then_some(())).await;
    browser.open("/").await;
    assert!(browser.path().await.starts_with("/login"));
}

/// Path of an order's page, as the list links it.
pub async fn path_of(browser: &Browser, nr: &str) -> String {
    browser.open(&format!("/?q={nr}")).await;
    let order = browser.find(".orders tbody[data-order]").await.attr("data-order").await.unwrap().unwrap();
    format!("/orders/{order}")
}

/// Logs in, and says where an order is.
pub async fn enter(browser: &Browser, doors: &Doors, nr: &str) -> String {
    browser.log_in(doors).await;
    path_of(browser, nr).await
}
