//! The SMTP conversation, against servers that follow a script. TLS, real logins and signatures are tried against a foreign
//! server by `tests/mail`.

use std::sync::Mutex;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::*;
use crate::config::{Smtp, SmtpSecurity};

/// Answers to a command, by how it begins; `close` breaks the line instead, `hang` says nothing more.
type Script = &'static [(&'static str, &'static str)];

/// A server that follows a script for one conversation after the other. What it was told stands in `heard`.
struct Server {
    settings: Smtp,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let ears = heard.clone();
        tokio::spawn(async move {
            while let Ok((line, _)) = listener.accept().await {
                let ears = ears.clone();
                tokio::spawn(async move {
                    // A client that goes away ends the conversation.
                    let _ = talk(line, script, &ears).await;
                });
            }
        });
        let settings = Smtp {
            host: "127.0.0.1".into(),
            port,
            security: SmtpSecurity::None,
            username: None,
            password: None,
            ca: None,
        };
        Self { settings, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

async fn talk(line: tokio::net::TcpStream, script: Script, heard: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut line = BufReader::new(line);
    let answer = |command: &str| script.iter().find(|(begin, _)| command.starts_with(begin)).map(|(_, answer)| *answer);
    let mut command = "(greeting)".to_owned();
    loop {
        let usual = match command.get(..4).unwrap_or_default() {
            "(gre" => "220 ready",
            "EHLO" => "250-here\r\n250 AUTH PLAIN LOGIN",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        match answer(&command).unwrap_or(usual) {
            "close" => return Ok(()),
            "hang" => {
                // Until the client has had enough.
                let mut rest = Vec::new();
                line.read_to_end(&mut rest).await?;
                return Ok(());
            }
            text => line.write_all(format!("{text}\r\n").as_bytes()).await?,
        }
        let at_data = command.starts_with("DATA") && answer("DATA").is_none_or(|text| text.starts_with('3'));
        command.clear();
        loop {
            let mut text = String::new();
            if line.read_line(&mut text).await? == 0 {
                return Ok(());
            }
            command.push_str(&text);
            if !at_data || text == ".\r\n" {
                break;
            }
        }
        if at_data {
            command = "(content)".to_owned();
        }
        heard.lock().unwrap().push(command.trim_end().to_owned());
    }
}

fn parcel() -> Parcel {
    Parcel {
        message_id: "1@example.org".into(),
        from: "pixi-payd@example.org".into(),
        to: vec!["a@example.org".into(), "b@example.org".into()],
        subject: "s".into(),
        bytes: b"Subject: s\r\n\r\n.a line that begins with a point\r\n".to_vec(),
    }
}

fn carrier() -> SmtpCarrier {
    SmtpCarrier::with_deadline(Clock::system(), Duration::from_secs(20))
}

async fn carry(script: Script) -> Result<Vec<Fate>, CarryError> {
    let server = Server::start(script).await;
    let fates = carrier().carry(&server.settings, &parcel()).await?;
    let wanted = parcel().to;
    let mut fates: Vec<(String, Fate)> = fates;
    fates.sort_by_key(|(to, _)| wanted.iter().position(|known| known == to));
    Ok(fates.into_iter().map(|(_, fate)| fate).collect())
}

#[tokio::test]
async fn one_conversation_serves_all_recipients() {
    let server = Server::start(&[("(content)", "250 queued as 42")]).await;
    let fates = carrier().carry(&server.settings, &parcel()).await.unwrap();
    let taken = Fate::Accepted("250 queued as 42".into());
    assert_eq!(fates, [("a@example.org".into(), taken.clone()), ("b@example.org".into(), taken)]);
    let heard = server.heard();
    assert_eq!(
        heard[..4],
        ["EHLO example.org", "MAIL FROM:<pixi-payd@example.org>", "RCPT TO:<a@example.org>", "RCPT TO:<b@example.org>",]
    );
    assert!(!heard.iter().any(|command| command.starts_with("AUTH")), "no login is configured: {heard:?}");
}

#[tokio::test]
async fn each_recipient_is_answered_for() {
    let fates = carry(&[("RCPT TO:<a@", "550 5.1.1 no such user"), ("(content)", "250 ok")]).await.unwrap();
    assert_eq!(fates, [Fate::Refused("550 5.1.1 no such user".into()), Fate::Accepted("250 ok".into())]);
    let fates = carry(&[("RCPT TO:<b@", "451 greylisted"), ("(content)", "250 ok")]).await.unwrap();
    assert_eq!(fates, [Fate::Accepted("250 ok".into()), Fate::Later("451 greylisted".into())]);
    let fates = carry(&[("RCPT", "550 no")]).await.unwrap();
    assert_eq!(fates, [Fate::Refused("550 no".into()), Fate::Refused("550 no".into())]);
    let fates = carry(&[("(content)", "554 spam")]).await.unwrap();
    assert_eq!(fates, [Fate::Refused("554 spam".into()), Fate::Refused("554 spam".into())]);
    let fates = carry(&[("DATA", "452 full")]).await.unwrap();
    assert_eq!(fates, [Fate::Later("452 full".into()), Fate::Later("452 full".into())]);
}

#[tokio::test]
async fn what_is_wrong_with_a_server_is_told_by_its_stage() {
    let cases: [(Script, Stage, &str); 7] = [
        (&[("(greeting)", "554 go away")], Stage::Connect, "554 go away"),
        (&[("(greeting)", "close")], Stage::Connect, "closed the connection"),
        (&[("MAIL", "550 not as him")], Stage::Sender, "550 not as him"),
        (&[("MAIL", "530 log in first")], Stage::Login, "530 log in first"),
        (&[("RCPT", "close")], Stage::Sender, "closed the connection"),
        (&[("DATA", "close")], Stage::Content, "closed the connection"),
        (&[("(content)", "close")], Stage::Content, "closed the connection"),
    ];
    for (script, stage, words) in cases {
        let error = carry(script).await.unwrap_err();
        assert!(error.stage == stage && error.text.contains(words), "{script:?}: {error:?}");
        assert!(!error.mend().is_empty());
    }
}

#[tokio::test]
async fn who_may_not_send_at_all_is_told_of_the_server_not_of_the_recipients() {
    for words in [
        "554 5.7.1 Relay access denied",
        "550 5.7.1 Unable to relay",
        "530 5.7.0 Authentication required",
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
    ] {
        let script: Script = Box::leak(Box::new([("RCPT", words)]));
        let error = carry(script).await.unwrap_err();
        assert_eq!((error.stage, error.text.as_str()), (Stage::Login, words));
        let mut server = Server::start(script).await;
        server.settings.username = Some("u".into());
        server.settings.password = Some("secret-123".to_owned().into());
        let error = carrier().carry(&server.settings, &parcel()).await.unwrap_err();
        assert_eq!(error.stage, Stage::Sender, "it logged in: {words}");
    }
    // One of them is that recipient's matter, and so is a mailbox that does not exist.
    let fates = carry(&[("RCPT TO:<a@", "554 5.7.1 Relay access denied"), ("(content)", "250 ok")]).await.unwrap();
    assert!(matches!(fates[0], Fate::Refused(_)) && matches!(fates[1], Fate::Accepted(_)), "{fates:?}");
    let fates = carry(&[("RCPT TO:<a@", "554 relaying denied"), ("RCPT", "550 no such user")]).await.unwrap();
    assert!(fates.iter().all(|fate| matches!(fate, Fate::Refused(_))), "{fates:?}");
    let fates = carry(&[("RCPT", "450 4.7.1 greylisted")]).await.unwrap();
    assert!(fates.iter().all(|fate| matches!(fate, Fate::Later(_))), "{fates:?}");
}

#[tokio::test]
async fn nobody_there_and_no_encryption_offered() {
    let mut server = Server::start(&[]).await;
    server.settings.security = SmtpSecurity::Starttls;
    let error = carrier().carry(&server.settings, &parcel()).await.unwrap_err();
    assert_eq!((error.stage, error.text.as_str()), (Stage::Encrypt, "the server does not offer STARTTLS"));
    assert!(!server.heard().iter().any(|command| command.starts_with("MAIL")), "nothing goes in the clear");
    server.settings.security = SmtpSecurity::Tls;
    let error = carrier().carry(&server.settings, &parcel()).await.unwrap_err();
    assert_eq!(error.stage, Stage::Encrypt, "{error:?}");
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    server.settings.port = gone.local_addr().unwrap().port();
    drop(gone);
    let error = carrier().carry(&server.settings, &parcel()).await.unwrap_err();
    assert_eq!(error.stage, Stage::Connect, "{error:?}");
}

#[tokio::test]
async fn a_refused_login_does_not_give_the_password_away() {
    let mut server = Server::start(&[("AUTH", "535 user u with secret-123 is unknown")]).await;
    server.settings.username = Some("u".into());
    server.settings.password = Some("secret-123".to_owned().into());
    let error = carrier().carry(&server.settings, &parcel()).await.unwrap_err();
    assert_eq!(error.stage, Stage::Login);
    assert_eq!(error.text, "535 user u with *** is unknown");
    assert!(carrier().probe(&server.settings, "x@example.org").await.is_err());
}

#[tokio::test]
async fn a_slow_server_ends_with_the_deadline() {
    let server = Server::start(&[("MAIL", "hang")]).await;
    let impatient = SmtpCarrier::with_deadline(Clock::system(), Duration::from_millis(300));
    let error = impatient.carry(&server.settings, &parcel()).await.unwrap_err();
    assert!(error.text.contains("no end of the conversation"), "{error:?}");
}
