//! The pages without a mouse.

use serde::Deserialize;

use crate::alone::alone;
use crate::chrome::{Browser, browse};
use crate::stage::{Stage, until};

/// Keys as WebDriver names them.
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

/// Where the focus is.
const FOCUS: &str = "
    const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at);
    return {
        place: window.places ? window.places.indexOf(at) : -1,
        id: at.id,
        kind: at.className,
        seen: box.width > 0 && box.height > 0 && box.left >= 0 && box.right <= innerWidth,
        outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    };";

/// Everything a person can reach, as it stands in the page.
const PLACES: &str = "
    const all = document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex=\"0\"]');
    window.places = [...all].filter(place => place.checkVisibility());
    return window.places.length;";

#[derive(Debug, Deserialize)]
struct Focus {
    place: i64,
    id: String,
    kind: String,
    seen: bool,
    outlined: bool,
}

async fn focus(browser: &Browser) -> Focus {
    serde_json::from_value(browser.script(FOCUS).await).unwrap()
}

#[tokio::test]
async fn everything_is_reached_by_keys_in_the_order_it_stands() {
    let stage = Stage::shared();
    let doors = stage.doors().await;
    let nr = stage.problems(5).await[3].clone();
    let _alone = alone().await;
    browse(&doors, async |browser| {
        browser.open("/login").await;
        assert_eq!(focus(&browser).await.id, "name", "the first field waits for the name");
        browser.press(format!("demo{TAB}{}{ENTER}", doors.password)).await;
        browser.find("[data-part=orders]").await;

        browser.press(TAB).await;
        let skip = focus(&browser).await;
        assert_eq!((skip.kind.as_str(), skip.seen), ("skip", true), "the way past the menu comes first, and is seen");
        browser.press(ENTER).await;
        until("the content has the focus", async || (focus(&browser).await.id == "main").then_some(())).await;
        browser.press(TAB).await;
        let inside = browser.script("return document.activeElement.closest('main') !== null").await;
        assert_eq!(inside, true, "past the menu");

        browser.open(&format!("/?q={nr}")).await;
        walk(&browser).await;
        browser.script("document.querySelector('#q').focus()").await;
        browser.press(format!("{nr}{ENTER}")).await;
        until("the search is done", async || browser.path().await.contains(&nr).then_some(())).await;

        browser.open(&format!("/?q={nr}")).await;
        browser.script("document.querySelector('.orders a.order').focus()").await;
        browser.press(ENTER).await;
        browser.find("[data-page=order]").await;
        walk(&browser).await;
        browser.script("document.querySelector('[data-action=ignore]').focus()").await;
        browser.press(ENTER).await;
        browser.find("[data-confirm=ignore]").await;
        walk(&browser).await;
    })
    .await;
}

/// Goes through the page with the tab key: from each place to the next as they stand, and each is marked while it has the
/// focus.
async fn walk(browser: &Browser) {
    let places = browser.script(PLACES).await.as_i64().unwrap();
    assert!(places > 3);
    browser.script("window.getSelection().removeAllRanges(); document.activeElement.blur(); scrollTo(0, 0)").await;
    let mut reached = Vec::new();
    // Some fields have inner places: a date has three, and the button of its calendar.
    for _ in 0..places * 4 {
        browser.press(TAB).await;
        let focus = focus(browser).await;
        if focus.place < 0 {
            break;
        }
        assert!(focus.seen && focus.outlined, "one sees where one is: {focus:?}");
        if reached.last() != Some(&focus.place) {
            reached.push(focus.place);
        }
        if focus.place == places - 1 {
            break;
        }
    }
    assert_eq!(reached, (0..places).collect::<Vec<_>>(), "{}", browser.path().await);
}
