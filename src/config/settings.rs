//! The configuration in force, checked and with every inheritance applied: what the rest of the daemon reads.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::ids::{ApiName, MandantId, PaymentCode};
use crate::text::Language;

/// Everything.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Zone of the schedule, the quiet hours and pixi's times.
    pub timezone: Tz,
    /// Language of pages, mails and comments.
    pub language: Language,
    /// Store: `sqlite://path` or `postgres://…`.
    pub database: Database,
    /// When cycles run and when pixi rests.
    pub schedule: Schedule,
    /// Brakes.
    pub safety: Safety,
    /// Pages.
    pub web: Web,
    /// Mail to operators, general.
    pub mail: Option<Mail>,
    /// pixi APIs by name.
    pub pixi: BTreeMap<ApiName, PixiApi>,
    /// Mandants by ShopID.
    pub mandants: BTreeMap<MandantId, Mandant>,
}

impl Settings {
    /// True for a mandant of kind test: shown as such, never mixed into sums.
    pub fn is_test(&self, mandant: &MandantId) -> bool {
        self.mandants.get(mandant).is_some_and(|block| block.kind == MandantKind::Test)
    }

    /// Mail settings of a mandant; the general ones for mandants without their own, and for those no longer configured.
    pub fn mail_of(&self, mandant: &MandantId) -> Option<&Mail> {
        self.mandants.get(mandant).and_then(|block| block.mail.as_ref()).or(self.mail.as_ref())
    }

    /// All mail settings in force, with the mandant whose they are; none: the general ones.
    pub fn mails(&self) -> impl Iterator<Item = (Option<&MandantId>, &Mail)> {
        let own = self.mandants.iter().filter_map(|(id, block)| Some((Some(id), block.mail.as_ref()?)));
        self.mail.iter().map(|mail| (None, mail)).chain(own)
    }
}

/// Where the store is.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// A file; relative paths are already resolved against the configuration file.
    Sqlite(PathBuf),
    /// A server; the address can hold a password.
    Postgres(String),
}

impl Database {
    /// The address for people, without a password.
    pub fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}", path.display()),
            Self::Postgres(address) => match Url::parse(address) {
                Ok(mut url) => {
                    if url.password().is_some() {
                        // Fails only for addresses without a host, and those cannot have a password.
                        let _ = url.set_password(Some("***"));
                    }
                    url.set_query(None);
                    url.to_string()
                }
                Err(_) => "postgres://***".to_owned(),
            },
        }
    }
}

impl From<PathBuf> for Database {
    fn from(file: PathBuf) -> Self {
        Self::Sqlite(file)
    }
}

impl From<&PathBuf> for Database {
    fn from(file: &PathBuf) -> Self {
        Self::Sqlite(file.clone())
    }
}

impl From<&Path> for Database {
    fn from(file: &Path) -> Self {
        Self::Sqlite(file.to_owned())
    }
}

impl From<&Database> for Database {
    fn from(database: &Database) -> Self {
        database.clone()
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

/// When cycles run and when pixi rests.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Cron pattern with seconds, already known to parse.
    pub cycle: String,
    /// Wall-clock window in which no request to pixi starts; may span midnight; none where switched off.
    pub quiet_hours: Option<QuietHours>,
}

/// A daily window of wall-clock time: `from` included, `until` not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// Start.
    pub from: NaiveTime,
    /// End.
    pub until: NaiveTime,
}

/// Brakes (DESIGN 3.7). A zero duration or `None` switches one off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Safety {
    /// Two equal whole readings this far apart before anything is given back.
    pub confirm_after: Duration,
    /// A credit note must be at least this old before it is refunded.
    pub refund_delay: Duration,
    /// A lost request to Unzer may be taken for never arrived this long after its deadline.
    pub absent_after: Duration,
    /// Give-backs per mandant and cycle; more, and none is sent.
    pub max_givebacks_per_cycle: Option<u32>,
    /// Captures per mandant and cycle, in minor units of the mandant's currency.
    pub max_capture_per_cycle: Option<i64>,
    /// Refunds per mandant and day, in minor units.
    pub max_refund_per_day: Option<i64>,
    /// A connection that fails for this long without one usable answer is switched off; zero: never.
    pub disable_after: Duration,
}

/// Pages.
#[derive(Debug, Clone)]
pub struct Web {
    /// Address and port.
    pub listen: SocketAddr,
    /// Own TLS.
    pub tls: Option<Tls>,
    /// Address people and Unzer reach the pages by.
    pub public_url: Option<Url>,
    /// Logins of the file; more may live in the store.
    pub users: Vec<User>,
    /// Token of the error page.
    pub error_page_token: Option<SecretString>,
    /// Token of the webhook.
    pub hook_token: Option<SecretString>,
    /// Bearer token of the API.
    pub api_token: Option<SecretString>,
}

/// Certificate and key files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// PEM chain.
    pub cert: PathBuf,
    /// PEM key.
    pub key: PathBuf,
}

/// A login.
#[derive(Debug, Clone)]
pub struct User {
    /// Name.
    pub name: String,
    /// argon2id hash.
    pub password_hash: SecretString,
}

/// Mail to operators.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Sender.
    pub from: String,
    /// Recipients.
    pub to: Vec<String>,
    /// Server.
    pub smtp: Smtp,
    /// Signature.
    pub dkim: Option<Dkim>,
    /// Most mails per mandant and hour, daily ones aside.
    pub max_per_hour: Option<u32>,
    /// Tell when problems are solved.
    pub solved: bool,
    /// Tell of open problems each day.
    pub reminder: bool,
    /// When the day is summed up.
    pub summary: DailySummary,
    /// When summary and reminder are sent.
    pub daily_at: NaiveTime,
}

/// When the day is summed up by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DailySummary {
    /// Each day, also when all is well: the mail tells that the daemon lives.
    Always,
    /// On days when problems are open.
    #[default]
    Problems,
    /// Never.
    Off,
}

/// Mail server.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Transport security.
    pub security: SmtpSecurity,
    /// Login name.
    pub username: Option<String>,
    /// Login password.
    pub password: Option<SecretString>,
    /// Certificates of a private authority, PEM file.
    pub ca: Option<PathBuf>,
}

impl Smtp {
    /// Login, host and port: what a server is called in the store. A login that is refused says nothing of another's.
    pub fn name(&self) -> String {
        match &self.username {
            Some(username) => format!("{username}@{}", self.address()),
            None => self.address(),
        }
    }

    /// Host and port: what a server is called where anybody may read it.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Transport security of the mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SmtpSecurity {
    /// Plain connection upgraded by STARTTLS; refused where the server does not offer it.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// Plain text.
    None,
}

/// DKIM signature.
#[derive(Debug, Clone)]
pub struct Dkim {
    /// Selector.
    pub selector: String,
    /// Domain.
    pub domain: String,
    /// Private key, PEM.
    pub key: SecretString,
}

/// One pixi API.
#[derive(Debug, Clone)]
pub struct PixiApi {
    /// Switched on.
    pub active: bool,
    /// Address posted to, with trailing slash; also the XML namespace of the calls.
    pub endpoint: Url,
    /// Basic login.
    pub username: String,
    /// Basic password.
    pub password: SecretString,
    /// Requests in flight.
    pub max_parallel: usize,
    /// Longest silence while waiting for an answer.
    pub timeout: Duration,
    /// Per call: needed column → the name this installation uses.
    pub columns: BTreeMap<String, BTreeMap<String, String>>,
}

/// One mandant.
#[derive(Debug, Clone)]
pub struct Mandant {
    /// Name.
    pub name: String,
    /// pixi API it lives on.
    pub pixi: ApiName,
    /// Production or test.
    pub kind: MandantKind,
    /// Orders dated before are left alone.
    pub process_from: Option<NaiveDate>,
    /// Mail settings with the mandant's own fields over the general ones.
    pub mail: Option<Mail>,
    /// Payment types by code.
    pub payment_types: BTreeMap<PaymentCode, PaymentType>,
}

/// Production or test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MandantKind {
    /// Real orders.
    #[default]
    Production,
    /// Shown as test everywhere, never mixed into sums.
    Test,
}

/// When money is captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// At import, before the order is released.
    #[default]
    Standard,
    /// Per shipped invoice.
    Expert,
}

/// What to do when a released order is put back on HOLD and its cover is gone (DESIGN R16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reauthorize {
    /// Authorise again.
    #[default]
    OnHold,
    /// Ask a person.
    Ask,
    /// Never.
    Never,
}

/// What to do when pixi's delivery address differs from the insured one (DESIGN R14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AddressCheck {
    /// Say so.
    #[default]
    Hint,
    /// Problem and lock.
    Lock,
    /// Do not look.
    Off,
}

/// Where the bank data for the buyer's transfer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WriteBankData {
    /// An order comment.
    #[default]
    Comment,
    /// pixiChangeAddress, once `check` has proven it.
    Address,
}

/// Sign of Amount sent with `event_return`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BookingSign {
    /// Always positive: the sign sits in the event's definition.
    #[default]
    Positive,
    /// As the money moves: negative for a refund.
    Event,
}

/// One payment type of a mandant.
#[derive(Debug, Clone)]
pub struct PaymentType {
    /// Switched on; false too where the mandant's pixi API is off.
    pub active: bool,
    /// pixi booking event for invoices, up to three letters.
    pub event_invoice: String,
    /// pixi booking event for returns.
    pub event_return: String,
    /// The payment type's tag in the imported order XML.
    pub xml_tag: Option<String>,
    /// Differences up to this many minor units are evened out.
    pub rounding_tolerance: i64,
    /// Key pairs, the payment type's own first.
    pub keys: Vec<KeyPair>,
    /// When money is captured.
    pub mode: Mode,
    /// R16.
    pub reauthorize: Reauthorize,
    /// R14.
    pub address_check: AddressCheck,
    /// Lock the whole customer on a chargeback.
    pub lock_customer_on_chargeback: bool,
    /// Tell pixi Success=0 where nothing was captured.
    pub report_failed_capture: bool,
    /// Where bank data goes.
    pub write_bank_data: WriteBankData,
    /// Hint this long before an authorisation ends.
    pub expiry_warning: Duration,
    /// Sign of return bookings.
    pub booking_sign: BookingSign,
    /// Unzer's address.
    pub unzer_url: Url,
}

/// An Unzer key pair.
#[derive(Debug, Clone)]
pub struct KeyPair {
    /// Public key: names the pair in logs and tables.
    pub public_key: String,
    /// Private key.
    pub private_key: SecretString,
    /// Type-id prefixes it is for; empty means any.
    pub methods: Vec<String>,
}
