//! Pictures of the sandbox's pages for the papers: `tests/browser/pictures` renews those of `docs/img`.

use std::path::{Path, PathBuf};

use serde_json::json;
use sqlx::any::{AnyConnectOptions, install_default_drivers};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::alone::alone;
use crate::chrome::{Browser, DESKTOP, PHONE, Scheme, Screen, browse};
use crate::stage::{Doors, Stage, until};
use crate::work::path_of;

/// A picture of the papers is no larger than this, in bytes.
const LARGEST: usize = 200_000;
/// Room below what a picture shows.
const MARGIN: u32 = 6;
/// A story with much to see, and its problem.
const STORY: &str = "returned, refund refused";

#[tokio::test]
async fn pictures() {
    let stage = Stage::shared();
    let doors = stage.doors().await;
    let folder = std::env::var_os("PICTURES").map(PathBuf::from);
    // For the papers everything there is to show has to be there.
    if folder.is_some() {
        stage.over().await;
    }
    let folder = folder.unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pictures"));
    std::fs::create_dir_all(&folder).unwrap();
    stage.problems(5).await;
    let nr = until("the story of the pictures has ended", async || stage.order_of(STORY)).await;
    fill_the_month(&doors).await;
    let _alone = alone().await;
    browse(&doors, async |browser| {
        browser.log_in(&doors).await;
        let order = path_of(&browser, &nr).await;
        browser.tell("Emulation.setScrollbarsHidden", json!({"hidden": true})).await;
        for (name, page, (start, end), screen, scheme) in [
            ("dashboard", "/", ("header", ".orders tbody:nth-of-type(3)"), DESKTOP, Scheme::Light),
            ("order", &order, ("header", "[data-part=timeline]"), DESKTOP, Scheme::Light),
            ("errors", &doors.error_page, ("header", ".problem-list li:nth-of-type(5)"), DESKTOP, Scheme::Light),
            ("phone", &order, ("header", ""), PHONE, Scheme::Light),
            ("dark", "/?mark=problem", (".filters", ".orders tbody:nth-of-type(5)"), DESKTOP, Scheme::Dark),
        ] {
            take(&browser, &folder.join(name).with_extension("png"), page, (start, end), (screen, scheme)).await;
        }
    })
    .await;
}

/// Takes a picture from one part of the page to the end of another, so that nothing is cut in half; of one screen where no
/// end is named.
async fn take(
    browser: &Browser,
    file: &Path,
    page: &str,
    (start, end): (&str, &str),
    (screen, scheme): (Screen, Scheme),
) {
    browser.show_as(screen, scheme).await;
    browser.open(page).await;
    let top = edge(browser, start, "top").await;
    if !end.is_empty() {
        let height = edge(browser, end, "bottom").await - top + MARGIN;
        browser.show_as(Screen { height, ..screen }, scheme).await;
    }
    browser.script(&format!("document.activeElement.blur(); scrollTo(0, {top})")).await;
    let picture = browser.picture().await;
    assert!(picture.len() < LARGEST, "{}: {} bytes", file.display(), picture.len());
    std::fs::write(file, picture).unwrap();
}

/// Where an edge of an element is on the page.
async fn edge(browser: &Browser, css: &str, side: &str) -> u32 {
    browser.find(css).await;
    let place = format!("return Math.floor(document.querySelector('{css}').getBoundingClientRect().{side} + scrollY)");
    u32::try_from(browser.script(&place).await.as_u64().unwrap()).unwrap()
}

/// The stories are all of one day: made-up sums stand for the weeks before.
async fn fill_the_month(doors: &Doors) {
    install_default_drivers();
    let store = doors.configuration.with_file_name("pixi-payd.db");
    let options: AnyConnectOptions = format!("sqlite://{}", store.display()).parse().unwrap();
    let mut store = options.connect().await.unwrap();
    sqlx::raw_sql("PRAGMA busy_timeout = 10000").execute(&mut store).await.unwrap();
    // A week has its rhythm; nothing here is drawn by lot, so that a picture changes only where a page does.
    for day in 1..30_i64 {
        let (captured, refunded) = (900_00 + (day * 37 % 11) * 137_00, (day * 53 % 7) * 61_00);
        let rhythm = if day % 7 < 2 { 2 } else { 1 };
        sqlx::query(
            "INSERT INTO totals SELECT date('2026-03-03', '-' || $1 || ' days'), 'sandbox', 'DEM', 'EUR', $2, 10, $3, 3, $4 \
             WHERE true ON CONFLICT DO NOTHING",
        )
        .bind(day)
        .bind(captured / rhythm)
        .bind(refunded / rhythm)
        .bind(i64::from(day % 9 == 4) * 2)
        .execute(&mut store)
        .await
        .unwrap();
    }
    store.close().await.unwrap();
}
