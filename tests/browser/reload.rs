//! The error page on its screen on the wall.

use crate::chrome::browse;
use crate::stage::{Stage, until};

const PLACE: &str = "return document.activeElement.getAttribute('href')";

/// It waits for a real minute, beside the other tests.
#[tokio::test]
async fn the_error_page_loads_itself_anew() {
    let stage = Stage::shared();
    let doors = stage.doors().await;
    let solved = stage.problems(5).await[2].clone();
    browse(&doors, async |browser| {
        browser.open(&doors.error_page).await;
        let problem = format!("[data-order$=\"/{solved}\"]");
        assert_eq!(browser.count(&problem).await, 1);
        assert_eq!(browser.count("form, [data-action]").await, 0, "nothing to do here without a login");
        // A reader's place is kept.
        browser.script("document.querySelector('.problem-list a').focus()").await;
        let place = browser.script(PLACE).await;
        assert!(place.is_string());
        let born = browser.script("window.seen = true; return performance.timeOrigin").await;
        stage.command(&["order", "resolve", &solved, "--reason", "solved"]).await;
        assert_eq!(browser.count(&problem).await, 1, "what is shown does not change by itself");
        let another = "return window.seen || document.readyState !== 'complete' ? null : performance.timeOrigin";
        let anew = until("the page loads itself anew", async || {
            browser.try_script(another).await.filter(serde_json::Value::is_number)
        })
        .await;
        assert!(anew.as_f64() > born.as_f64(), "another document: {born}, {anew}");
        assert_eq!(browser.count("[data-page=errors]").await, 1);
        assert_eq!(browser.count(&problem).await, 0, "and shows what is so now");
        assert_eq!(browser.script(PLACE).await, place);
        let said = browser.console().await;
        assert!(said.is_empty(), "{said:?}");
    })
    .await;
}
