//! How every page looks, in light and dark, on a desk and on a phone: nothing is cut off, the console has nothing to say,
//! and axe-core finds nothing serious.

use std::path::Path;

use serde_json::Value;

use crate::alone::alone;
use crate::chrome::{Browser, DESKTOP, PHONE, Scheme, Screen, browse};
use crate::stage::Stage;
use crate::work::enter;

/// What sticks out of the screen to either side; what scrolls in a box of its own does not.
const OUTSIDE: &str = "
    const wide = document.documentElement.scrollWidth;
    const out = wide > SCREEN || innerWidth !== SCREEN ? [`the page is ${wide} wide, the screen ${innerWidth}`] : [];
    for (const part of document.body.querySelectorAll('*')) {
        if (part.closest('.skip, .unseen, .scroll, svg, thead') || !part.checkVisibility()) continue;
        const box = part.getBoundingClientRect();
        if (box.width > 0 && (box.right > SCREEN + 0.5 || box.left < -0.5)) out.push(part.outerHTML.slice(0, 120));
    }
    // A word is never broken into its letters, and no label is squeezed to nothing.
    for (const part of document.querySelectorAll('[data-label]')) {
        const label = getComputedStyle(part, '::before');
        if (label.content !== 'none' && parseFloat(label.width) < 20) out.push(`squeezed: ${part.dataset.label}`);
    }
    return out;";

/// Serious and critical findings.
const FINDINGS: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, {resultTypes: ['violations']}).then(
        ({violations}) => done(violations
            .filter(({impact}) => impact === 'serious' || impact === 'critical')
            .map(({id, nodes}) => `${id}: ${nodes.slice(0, 3).map(node => node.html.slice(0, 150)).join(' | ')}`)),
        (error) => done([String(error)]));";

/// The source of axe-core, as `tests/browser/run` has fetched it.
fn axe() -> String {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../browser/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&file).unwrap_or_else(|_| {
        panic!("missing: axe-core ({})\nmend:    tests/browser/run, which fetches it", file.display())
    })
}

#[tokio::test]
async fn every_page_is_whole_and_open_to_everyone() {
    let axe = axe();
    let stage = Stage::shared();
    let doors = stage.doors().await;
    let problems = stage.problems(5).await;
    let _alone = alone().await;
    browse(&doors, async |browser| {
        let mut wrong = Vec::new();
        for look in looks() {
            wrong.extend(look_at(&browser, "/login", look, &axe).await);
        }
        let order = enter(&browser, &doors, &problems[3]).await;
        let settled = format!("/orders/DEM/{}", problems[0]);
        let mut pages = vec![
            "/".to_owned(),
            "/?mark=problem".to_owned(),
            "/?q=nothing-is-called-so".to_owned(),
            settled,
            doors.error_page.clone(),
            "/no-such-page".to_owned(),
            order.clone(),
        ];
        browser.open(&order).await;
        let links = "return [...document.querySelectorAll('[data-part=actions] a')].map(a => a.pathname)";
        let actions: Vec<String> = serde_json::from_value(browser.script(links).await).unwrap();
        assert!(actions.len() >= 4, "{actions:?}");
        pages.extend(actions);
        browser.console().await;
        for page in &pages {
            for look in looks() {
                wrong.extend(look_at(&browser, page, look, &axe).await);
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

type Look = (Screen, Scheme);

fn looks() -> [Look; 4] {
    [(DESKTOP, Scheme::Light), (DESKTOP, Scheme::Dark), (PHONE, Scheme::Light), (PHONE, Scheme::Dark)]
}

async fn look_at(browser: &Browser, page: &str, (screen, scheme): Look, axe: &str) -> Vec<String> {
    browser.show_as(screen, scheme).await;
    browser.open(page).await;
    let is_dark = browser.script("return matchMedia('(prefers-color-scheme: dark)').matches").await;
    assert_eq!(is_dark, scheme == Scheme::Dark);
    let mut wrong = texts(browser.script(&OUTSIDE.replace("SCREEN", &screen.width.to_string())).await);
    // What is new in the dark is seen on the desk.
    if (screen, scheme) != (PHONE, Scheme::Dark) {
        browser.script(axe).await;
        wrong.extend(texts(browser.later(FINDINGS).await));
    }
    let said = browser.console().await.into_iter().map(|entry| entry.message);
    // A page that does not exist is an error to the console.
    wrong.extend(said.filter(|message| !(page == "/no-such-page" && message.contains("404"))));
    wrong.into_iter().map(|what| format!("{page} {}px {scheme:?}: {what}", screen.width)).collect()
}

fn texts(list: Value) -> Vec<String> {
    serde_json::from_value(list).unwrap()
}
