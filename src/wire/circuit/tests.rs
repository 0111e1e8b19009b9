use ::http::StatusCode;
use bytes::Bytes;

use super::*;
use crate::wire::testing::{Told, read, write};

struct House {
    told: Arc<Told>,
    clock: Clock,
    circuits: Arc<Circuits>,
    wire: Circuit,
}

fn house() -> House {
    let told = Arc::new(Told::default());
    let clock = Clock::simulated("2026-03-03T09:00:00Z".parse().unwrap(), 1);
    let circuits = Circuits::new(Pause::new(7));
    House { wire: Circuit::new(told.clone(), clock.clone(), circuits.clone()), told, clock, circuits }
}

const REFUSED: SendError = SendError::NotSent(Cause::CircuitOpen);

impl House {
    /// Asks and reads the answer to its end.
    async fn ask(&self, request: Request) -> Result<u16, SendError> {
        let answer = self.wire.send(request).await?;
        let status = answer.status.as_u16();
        answer.bytes(1000).await?;
        Ok(status)
    }

    async fn look(&self) -> Result<u16, SendError> {
        self.ask(read(Peer::Pixi, "live")).await
    }

    async fn break_it(&self) {
        self.told.fail(SendError::NotSent(Cause::Connect));
        for _ in 0..FAILURES {
            assert_eq!(self.look().await, Err(SendError::NotSent(Cause::Connect)));
        }
        assert!(self.circuits.is_open(Peer::Pixi, "live"));
    }

    fn state(&self) -> ConnectionState {
        self.circuits.connection(Peer::Pixi, "live").state
    }
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_open_it_for_that_endpoint_alone() {
    let house = house();
    house.break_it().await;
    let reached = house.told.seen().len();
    assert_eq!(house.look().await, Err(REFUSED));
    assert_eq!(house.told.seen().len(), reached, "nothing reaches a resting endpoint");
    house.told.status(200);
    assert_eq!(house.ask(read(Peer::Pixi, "test")).await, Ok(200));
    assert_eq!(house.ask(read(Peer::Unzer, "live")).await, Ok(200), "the same name at the other peer is another one");
}

#[tokio::test(start_paused = true)]
async fn a_success_in_between_forgets_the_failures() {
    let house = house();
    for _ in 0..3 {
        house.told.fail(SendError::Unknown(Cause::TimeOut));
        for _ in 1..FAILURES {
            house.look().await.unwrap_err();
        }
        house.told.status(200);
        assert_eq!(house.look().await, Ok(200));
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_pause_one_read_tries_it_and_success_closes_it() {
    let house = house();
    house.break_it().await;
    house.told.status(200);
    house.clock.sleep(Duration::from_secs(5)).await;
    assert_eq!(house.ask(write(Peer::Pixi, "live")).await, Err(REFUSED), "a write tries nothing out");
    assert_eq!(house.look().await, Ok(200));
    assert_eq!(house.ask(write(Peer::Pixi, "live")).await, Ok(200));
    assert_eq!(house.state(), ConnectionState::Connected);
}

#[tokio::test(start_paused = true)]
async fn a_failed_try_rests_longer() {
    let house = house();
    house.break_it().await;
    house.clock.sleep(Duration::from_secs(5)).await;
    assert_eq!(house.look().await, Err(SendError::NotSent(Cause::Connect)), "one try");
    house.clock.sleep(Duration::from_millis(4999)).await;
    assert_eq!(house.look().await, Err(REFUSED), "the second pause is 5 to 10 seconds");
    house.clock.sleep(Duration::from_secs(6)).await;
    house.told.status(200);
    assert_eq!(house.look().await, Ok(200));
}

#[tokio::test(start_paused = true)]
async fn while_one_tries_the_others_are_refused_and_a_try_given_up_frees_the_place() {
    let house = house();
    house.break_it().await;
    house.clock.sleep(Duration::from_secs(5)).await;
    let attempt = house.circuits.admit(&house.clock, &read(Peer::Pixi, "live")).unwrap();
    assert_eq!(house.look().await, Err(REFUSED));
    drop(attempt);
    house.told.status(200);
    assert_eq!(house.look().await, Ok(200));
}

#[tokio::test(start_paused = true)]
async fn what_is_passing_counts_and_what_is_an_answer_does_not() {
    for (peer, status, content_type, opens) in [
        (Peer::Unzer, 500, "application/json", true),
        (Peer::Unzer, 503, "text/html", true),
        (Peer::Unzer, 404, "application/json", false),
        (Peer::Unzer, 200, "application/json", false),
        (Peer::Pixi, 502, "text/html", true),
        (Peer::Pixi, 500, "text/xml", false),
        (Peer::Pixi, 500, "application/soap+xml", false),
    ] {
        let house = house();
        let status = StatusCode::from_u16(status).unwrap();
        house.told.answer(move || Ok(Response::new(status, content_type, "answer")));
        for _ in 0..FAILURES {
            house.ask(write(peer, "live")).await.unwrap();
        }
        assert_eq!(house.circuits.is_open(peer, "live"), opens, "{peer} {status} {content_type}");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_of_our_own_do_not_count() {
    let house = house();
    for cause in [Cause::QuietHours, Cause::Expired, Cause::Stopping, Cause::Invalid, Cause::TooLarge] {
        house.told.fail(SendError::NotSent(cause));
        for _ in 0..FAILURES {
            house.look().await.unwrap_err();
        }
        assert!(!house.circuits.is_open(Peer::Pixi, "live"), "{cause}");
    }
    assert_eq!(house.state(), ConnectionState::NotConnected);
}

#[tokio::test(start_paused = true)]
async fn bodies_that_break_off_count_though_their_heads_arrive() {
    let house = house();
    house.told.answer(|| {
        let broken = [Ok(Bytes::from_static(b"<a>")), Err(SendError::Unknown(Cause::ConnectionLost))];
        let body = Box::pin(futures_util::stream::iter(broken));
        Ok(Response { body, ..Response::new(StatusCode::OK, "text/xml", "") })
    });
    for _ in 0..FAILURES {
        assert_eq!(house.look().await, Err(SendError::Unknown(Cause::ConnectionLost)));
    }
    assert_eq!(house.look().await, Err(REFUSED));
    house.clock.sleep(Duration::from_secs(5)).await;
    assert_eq!(house.look().await, Err(SendError::Unknown(Cause::ConnectionLost)), "the try");
    assert_eq!(house.look().await, Err(REFUSED), "one broken body after a try is enough");
}

#[tokio::test(start_paused = true)]
async fn a_connection_tells_its_state_since_when_and_its_last_error() {
    let house = house();
    let state = |state, since: Option<&str>, last_error: Option<&str>| Connection {
        state,
        since: since.map(|time| time.parse().unwrap()),
        last_error: last_error.map(str::to_owned),
        last_error_at: last_error.map(|_| "2026-03-03T09:01:00Z".parse().unwrap()),
    };
    let shown = || house.circuits.connection(Peer::Pixi, "live");
    assert_eq!(shown(), state(ConnectionState::NotConnected, None, None));
    house.look().await.unwrap();
    house.clock.sleep(Duration::from_mins(1)).await;
    house.look().await.unwrap();
    assert_eq!(shown(), state(ConnectionState::Connected, Some("2026-03-03T09:00:00Z"), None));
    house.told.status(503);
    house.look().await.unwrap();
    assert_eq!(shown(), state(ConnectionState::ConnectedError, Some("2026-03-03T09:01:00Z"), Some("HTTP 503")));
    house.clock.sleep(Duration::from_mins(1)).await;
    house.told.status(200);
    house.look().await.unwrap();
    assert_eq!(shown(), state(ConnectionState::Connected, Some("2026-03-03T09:02:00Z"), Some("HTTP 503")));
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_shows_as_an_error_and_stops_nothing() {
    let house = house();
    house.told.status(401);
    for _ in 0..=FAILURES {
        assert_eq!(house.look().await.unwrap(), 401);
    }
    let shown = house.circuits.connection(Peer::Pixi, "live");
    assert_eq!(shown.state, ConnectionState::ConnectedError);
    assert_eq!(shown.last_error.as_deref(), Some("HTTP 401: the login is refused"));
    assert!(!house.circuits.is_open(Peer::Pixi, "live"));
}

#[tokio::test(start_paused = true)]
async fn what_is_switched_off_gets_no_request_until_it_is_on_again() {
    let house = house();
    house.look().await.unwrap();
    let before = house.told.seen().len();
    house.circuits.switch_off([(Peer::Pixi, Arc::from("live"))].into());
    assert!(house.circuits.is_off(Peer::Pixi, "live") && !house.circuits.is_off(Peer::Unzer, "live"));
    assert_eq!(house.look().await, Err(SendError::NotSent(Cause::Disabled)));
    assert_eq!(house.told.seen().len(), before);
    house.circuits.switch_off([].into());
    assert_eq!(house.circuits.connection(Peer::Pixi, "live").state, ConnectionState::NotConnected);
    house.look().await.unwrap();
    assert_eq!(house.told.seen().len(), before + 1);
}
