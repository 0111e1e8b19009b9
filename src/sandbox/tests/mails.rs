//! From an order in pixi to the mail that tells of it.

use std::sync::Arc;

use super::scene::Scene;
use crate::engine::Stop;
use crate::journal::LetterState;
use crate::mail::{Post, Sent};
use crate::sandbox::mailbox::{MailFault, Mailbox};

struct Mails {
    post: Post,
    server: Arc<Mailbox>,
}

impl Mails {
    fn of(scene: &Scene) -> Self {
        let clock = scene.world.clock.clone();
        let server = Arc::new(Mailbox::new(clock.clone(), None));
        Self { post: Post::new(scene.journal.clone(), clock, server.clone(), Stop::default()), server }
    }

    async fn turn(&self, scene: &Scene) -> Sent {
        self.post.turn(&scene.daemon.shop().settings).await.unwrap()
    }

    /// Subjects of problems and their end; the day's mail is left out.
    fn subjects(&self) -> Vec<String> {
        let all = self.server.taken().into_iter().map(|taken| taken.parcel.subject);
        all.filter(|subject| !subject.contains("Tagesübersicht")).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_capture_is_mailed_with_what_unzer_answered_and_told_again_when_it_is_over() {
    let scene = Scene::new().await;
    let mails = Mails::of(&scene);
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[30_00], 0).unwrap();
    scene.minutes(2).await;
    scene.world.unzer.decline_next(&sold.payment, "COR.800.100.153");
    stage.ship_all(sold.nr).unwrap();
    scene.minutes(3).await;
    mails.turn(&scene).await;
    let subjects = mails.subjects();
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    assert!(subjects[0].starts_with(&format!("[TEST] DEM: Bestellung {}: ", sold.nr)), "{subjects:?}");
    assert!(subjects[0].contains("PP-1303"), "{subjects:?}");
    let letter = scene.journal.mails_of(&Scene::id(sold.nr)).await.unwrap().remove(0);
    assert_eq!(letter.state, LetterState::Sent);
    for part in ["Antwort von Unzer: COR.800.100.153", "Bestellt: 30,00 EUR", "Was jetzt zu tun ist"] {
        assert!(letter.text.contains(part), "{part} in {}", letter.text);
    }
    scene.hours(26).await;
    mails.turn(&scene).await;
    let subjects = mails.subjects();
    assert!(subjects[1..].iter().any(|subject| subject.contains("Gelöst")), "{subjects:?}");
}

#[tokio::test(start_paused = true)]
async fn a_mail_server_that_is_down_delays_no_payment() {
    let scene = Scene::new().await;
    let mails = Mails::of(&scene);
    mails.server.fault(MailFault::Down);
    let (bad, good) = (scene.stage(1), scene.stage(2));
    let refused = bad.authorize("card", &[30_00], 0).unwrap();
    let sold = good.authorize("card", &[20_00], 0).unwrap();
    scene.minutes(2).await;
    scene.world.unzer.decline_next(&refused.payment, "COR.800.100.153");
    bad.ship_all(refused.nr).unwrap();
    let invoice = good.ship_all(sold.nr).unwrap();
    for _ in 0..5 {
        scene.minutes(1).await;
        assert!(!mails.turn(&scene).await.failed.is_empty() || mails.server.tries() == 0);
    }
    good.booked_once(&invoice, 20_00).unwrap();
    assert!(scene.journal.mail_state().await.unwrap().unsent > 0);
    mails.server.fault(MailFault::None);
    scene.hours(2).await;
    mails.turn(&scene).await;
    assert_eq!(mails.subjects().len(), 1);
    assert_eq!(scene.journal.mail_state().await.unwrap().unsent, 0);
}
