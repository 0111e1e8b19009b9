//! The error page: for a screen on the wall, with nothing on it that is anybody's secret.

use http::StatusCode;

use super::super::scene::{Act, Scene, with_cell};
use super::visitor::{ERROR_PAGE, Visitor, with_logins};
use crate::journal::PageToken;
use crate::web::login::token;

#[tokio::test(start_paused = true)]
async fn open_problems_are_shown_without_a_login_and_without_anybodys_name() {
    let scene = Scene::with(with_logins).await;
    let mut screen = Visitor::of(&scene);
    let path = format!("/errors/{ERROR_PAGE}");
    let quiet = screen.get(&path).await;
    assert!(quiet.text.contains("Kein offenes Problem."), "{}", quiet.text);
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[30_00], 0).unwrap();
    scene.minutes(2).await;
    scene.world.unzer.decline_next(&sold.payment, "COR.800.100.153");
    stage.ship_all(sold.nr).unwrap();
    scene.minutes(3).await;
    let page = screen.get(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    let nr = sold.nr.to_string();
    for part in ["http-equiv=\"refresh\" content=\"60\"", "PP-1303", nr.as_str(), "noindex", "data-count=\"1\""] {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(page.headers["x-robots-tag"], "noindex, nofollow");
    assert!(!page.headers.contains_key("set-cookie"));
    for secret in ["Muster", "@", "IBAN", sold.payment.as_str(), "csrf", "anna"] {
        assert!(!page.text.contains(secret), "{secret} in {}", page.text);
    }
    let row = scene.row(sold.nr).await;
    scene.journal.resolve(&row.order, &row.mark_fingerprint.unwrap(), "web:anna", "seen").await.unwrap();
    assert!(screen.get(&path).await.text.contains("Kein offenes Problem."));
}

#[tokio::test(start_paused = true)]
async fn what_a_peer_says_in_its_own_words_is_not_on_the_page() {
    let scene = Scene::with(with_logins).await;
    let sold = scene.stage(1).authorize("card", &[30_00], 0).unwrap();
    scene.minutes(2).await;
    scene.line.rule(|request| match request.call {
        "pixiGetOrderline" => Act::Spoil(|answer| with_cell(answer, "OrderlineKey", "one")),
        _ => Act::Pass,
    });
    scene.journal.wake_order(&Scene::id(sold.nr)).await.unwrap();
    scene.minutes(2).await;
    let mark = scene.row(sold.nr).await.mark.unwrap();
    let said = mark.values.iter().find(|(name, _)| name == "detail").map(|(_, value)| value.clone()).unwrap();
    let mut screen = Visitor::of(&scene);
    let page = screen.get(&format!("/errors/{ERROR_PAGE}")).await.text;
    assert!(page.contains(&mark.number.to_string()) && page.contains("(…)"), "{page}");
    assert!(!page.contains(&said), "{said} in {page}");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_is_a_page_that_does_not_exist() {
    let scene = Scene::with(with_logins).await;
    let mut stranger = Visitor::of(&scene);
    let nowhere = stranger.get("/nowhere").await;
    for wrong in
        ["x", "token-of-the-error-pagf", "TOKEN-OF-THE-ERROR-PAGE", "%2e%2e", "%FF", "token-of-the-error-page%00"]
    {
        let page = stranger.get(&format!("/errors/{wrong}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{wrong}");
        assert_eq!(page.text, nowhere.text, "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_mandants_token_shows_its_problems_alone_and_a_rotated_one_nothing() {
    let scene = Scene::with(with_logins).await;
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[30_00], 0).unwrap();
    scene.minutes(2).await;
    scene.world.unzer.decline_next(&sold.payment, "COR.800.100.153");
    stage.ship_all(sold.nr).unwrap();
    scene.minutes(3).await;
    let set = async |mandant: Option<&str>, text: &str, replaces: Option<&str>| {
        let (mandant, replaces) = (mandant.map(str::to_owned), replaces.map(token::hash));
        let token = PageToken { mandant, token_hash: token::hash(text), replaces };
        scene.journal.set_page_token(token, "cli:test").await.unwrap();
    };
    set(Some("DEM"), "for-dem", None).await;
    set(Some("OUT"), "for-out", None).await;
    let mut screen = Visitor::of(&scene);
    assert!(screen.get("/errors/for-dem").await.text.contains("PP-1303"));
    let other = screen.get("/errors/for-out").await;
    assert!(other.text.contains("Demo Outdoor") && !other.text.contains("PP-1303"), "{}", other.text);
    set(Some("DEM"), "for-dem-again", None).await;
    assert_eq!(screen.get("/errors/for-dem").await.status, StatusCode::NOT_FOUND);
    assert_eq!(screen.get("/errors/for-dem-again").await.status, StatusCode::OK);
    set(None, "for-all", Some(ERROR_PAGE)).await;
    assert_eq!(screen.get(&format!("/errors/{ERROR_PAGE}")).await.status, StatusCode::NOT_FOUND);
    assert!(screen.get("/errors/for-all").await.text.contains("PP-1303"));
}
