//! Who gets in: every route, logins, forms of other sites, too much of everything.

use std::time::Duration;

use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, ORIGIN, SET_COOKIE};
use http::{Request, StatusCode};

use super::super::scene::Scene;
use super::visitor::{API, NAME, PASSWORD, Visitor, with_logins};
use crate::web::access::{Access, Verb};
use crate::web::login::password;
use crate::web::table;

/// What is open to everybody: each checks a token of its own, or tells nothing of any order.
const OPEN: [&str; 7] =
    ["/login", "/errors/{token}", "/hooks/unzer/{token}", "/healthz", "/readyz", "/metrics", "/static/{hash}/{name}"];

fn filled(path: &str) -> String {
    let filled = path.replace("{mandant}", "DEM").replace("{nr}", "100001").replace("{action}", "resolve");
    let filled = filled.replace("{token}", "guessed-guessed-guessed").replace("{hash}", "0").replace("{name}", "x");
    assert!(!filled.contains('{'), "{path} has a placeholder this test does not know");
    filled
}

#[tokio::test(start_paused = true)]
async fn every_route_is_closed_to_strangers() {
    let scene = Scene::with(with_logins).await;
    let mut stranger = Visitor::of(&scene);
    let mut closed = 0;
    for route in table() {
        let path = filled(route.path);
        let page = match route.verb {
            Verb::Get => stranger.get(&path).await,
            Verb::Post => stranger.post(&path, &[("csrf", "guessed")]).await,
        };
        match route.access {
            Access::Public => assert!(OPEN.contains(&route.path), "{} is open to everybody", route.path),
            Access::Session => {
                assert_eq!(page.status, StatusCode::SEE_OTHER, "{route:?}");
                assert!(page.leads_to().starts_with("/login"), "{route:?} leads to {}", page.leads_to());
                assert!(page.text.is_empty(), "{route:?} tells something");
                closed += 1;
            }
            Access::Api => {
                assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{route:?}");
                closed += 1;
            }
        }
    }
    assert!(closed >= 6, "the pages are there");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_changed_without_the_forms_own_token() {
    let scene = Scene::with(with_logins).await;
    let mut anna = Visitor::known(&scene).await;
    let csrf = anna.get("/").await.field("csrf");
    for route in table().into_iter().filter(|route| route.verb == Verb::Post && route.access == Access::Session) {
        let path = filled(route.path);
        for fields in [&[][..], &[("csrf", "")], &[("csrf", "guessed")], &[("CSRF", csrf.as_str())]] {
            assert_eq!(anna.post(&path, fields).await.status, StatusCode::FORBIDDEN, "{path} {fields:?}");
        }
        for (name, value) in [("sec-fetch-site", "cross-site"), (ORIGIN.as_str(), "https://evil.example")] {
            let request = Request::post(&path)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
            let page = anna.send(request.body(Body::from(format!("csrf={csrf}"))).unwrap()).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{path} from {value}");
        }
        let other = Request::post(&path).header(CONTENT_TYPE, "text/plain").body(Body::from(format!("csrf={csrf}")));
        assert_eq!(anna.send(other.unwrap()).await.status, StatusCode::BAD_REQUEST, "{path} is no form");
    }
    assert_eq!(anna.get("/").await.status, StatusCode::OK, "still logged in");
}

#[tokio::test(start_paused = true)]
async fn a_login_lasts_until_its_person_logs_out() {
    let scene = Scene::with(with_logins).await;
    let mut anna = Visitor::of(&scene);
    let page = anna.get("/orders/DEM/1?x=1").await;
    assert_eq!(page.leads_to(), "/login?next=%2Forders%2FDEM%2F1%3Fx%3D1");
    let wrong = anna.log_in(NAME, "wrong horse battery").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.text.contains("Name oder Passwort stimmt nicht."), "{}", wrong.text);
    assert_eq!(anna.log_in("nobody", PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    let right = anna.log_in(NAME, PASSWORD).await;
    let set: Vec<&str> = right.headers.get_all(SET_COOKIE).iter().map(|set| set.to_str().unwrap()).collect();
    assert!(set[0].starts_with("pixi-payd=") && set[0].contains("; HttpOnly; SameSite=Lax"), "{set:?}");
    let home = anna.get("/").await;
    assert_eq!(home.status, StatusCode::OK);
    let stolen = anna.cookies.clone();
    let token = stolen["pixi-payd"].clone();
    let stored = scene.journal.session(&token).await.unwrap();
    assert_eq!(stored, None, "the store has a hash alone");
    let out = anna.post("/logout", &[("csrf", &home.field("csrf"))]).await;
    assert_eq!(out.leads_to(), "/login");
    let mut thief = Visitor::of(&scene);
    thief.cookies = stolen;
    assert_eq!(thief.get("/").await.status, StatusCode::SEE_OTHER, "the cookie is worth nothing any more");
}

#[tokio::test(start_paused = true)]
async fn a_login_never_leads_away() {
    let scene = Scene::with(with_logins).await;
    for next in ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"] {
        let mut anna = Visitor::of(&scene);
        let form = anna.get(&format!("/login?next={next}")).await;
        let csrf = form.field("csrf");
        let fields = [("csrf", csrf.as_str()), ("next", next), ("name", NAME), ("password", PASSWORD)];
        assert_eq!(anna.post("/login", &fields).await.leads_to(), "/", "{next}");
        assert_eq!(anna.get(&format!("/login?next={next}")).await.leads_to(), "/", "{next}, logged in already");
    }
}

#[tokio::test(start_paused = true)]
async fn another_password_or_a_long_absence_ends_a_session() {
    let scene = Scene::with(with_logins).await;
    let hash = password::hash("another horse battery").unwrap();
    scene.journal.set_user("bert", &hash, "cli:test").await.unwrap();
    let mut bert = Visitor::of(&scene);
    bert.log_in("bert", "another horse battery").await;
    assert_eq!(bert.get("/").await.status, StatusCode::OK);
    scene.journal.set_user("bert", &password::hash("a third horse battery").unwrap(), "cli:test").await.unwrap();
    assert_eq!(bert.get("/").await.status, StatusCode::SEE_OTHER, "the password is another now");
    bert.log_in("bert", "a third horse battery").await;
    assert_eq!(bert.get("/").await.status, StatusCode::OK);
    assert!(scene.journal.remove_user("bert", "cli:test").await.unwrap());
    assert_eq!(bert.get("/").await.status, StatusCode::SEE_OTHER, "removed");

    let mut anna = Visitor::known(&scene).await;
    for _ in 0..4 {
        scene.world.clock.sleep(Duration::from_hours(11)).await;
        assert_eq!(anna.get("/").await.status, StatusCode::OK, "seen now and then");
    }
    scene.world.clock.sleep(Duration::from_hours(13)).await;
    assert_eq!(anna.get("/").await.status, StatusCode::SEE_OTHER, "not seen for half a day");
}

#[tokio::test(start_paused = true)]
async fn guessing_is_slowed_down() {
    let scene = Scene::with(with_logins).await;
    let mut guesser = Visitor::of(&scene);
    let mut seen = Vec::new();
    for _ in 0..7 {
        seen.push(guesser.log_in(NAME, "guess guess guess").await.status.as_u16());
    }
    assert_eq!(seen, [401, 401, 401, 401, 401, 401, 429]);
    let page = guesser.log_in(NAME, PASSWORD).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS, "not even the right one, for a while");
    assert!(page.headers.contains_key("retry-after"));
    scene.world.clock.sleep(Duration::from_secs(10)).await;
    assert_eq!(guesser.log_in(NAME, PASSWORD).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(start_paused = true)]
async fn programs_use_the_api_by_its_token_alone() {
    let scene = Scene::with(with_logins).await;
    let api: Vec<_> =
        table().into_iter().filter(|route| route.access == Access::Api && route.verb == Verb::Get).collect();
    for route in api {
        let path = filled(route.path);
        let with = |token: &str| Request::get(&path).header(AUTHORIZATION, token).body(Body::empty()).unwrap();
        let mut program = Visitor::of(&scene);
        for wrong in ["Bearer guessed", "Bearer ", "Basic abc", &format!("bearer {}", &API[1..])] {
            assert_eq!(program.send(with(wrong)).await.status, StatusCode::UNAUTHORIZED, "{path} {wrong}");
        }
        let page = program.send(with(&format!("Bearer {API}"))).await;
        assert_ne!(page.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_answer_keeps_browsers_careful_and_too_much_is_refused() {
    let scene = Scene::with(with_logins).await;
    let mut anna = Visitor::known(&scene).await;
    for path in ["/", "/login", "/nowhere", "/errors/guessed-guessed-guessed", "/orders/DEM/1"] {
        let page = anna.get(path).await;
        let header = |name: &str| page.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!((header("x-frame-options"), header("x-content-type-options")), ("DENY".into(), "nosniff".into()));
        assert_eq!((header("cache-control"), header("referrer-policy")), ("no-store".into(), "same-origin".into()));
        assert!(header("x-robots-tag").contains("noindex"), "{path}");
        nothing_inline(&page.text);
    }
    let long = format!("/?q={}", "x".repeat(5000));
    assert_eq!(anna.get(&long).await.status, StatusCode::URI_TOO_LONG);
    let huge = "x".repeat(100_000);
    let page = anna.post("/logout", &[("csrf", &huge)]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST, "the body is too large to be read");
    let mut stranger = Visitor::of(&scene);
    assert_eq!(stranger.post("/login", &[("name", &huge)]).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

/// No script or style that a strict policy would have to allow.
pub fn nothing_inline(text: &str) {
    for tag in text.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        assert!(!tag.contains(" style="), "<{tag}>");
        assert!(!tag.split_whitespace().any(|word| word.starts_with("on") && word.contains('=')), "<{tag}>");
        assert!(!tag.starts_with("style") && (!tag.starts_with("script") || tag.contains("src=")), "<{tag}>");
        assert!(!tag.contains("javascript:"), "<{tag}>");
    }
}
