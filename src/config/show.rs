//! The configuration in force, for people: every default and inheritance applied, secrets masked.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::config::load::Loaded;
use crate::config::settings::{Mail, Mandant, PaymentType, PixiApi, QuietHours, Safety, Settings, Web};

/// The configuration in force as YAML, keys as in the file. A secret shows as `***` with where it comes from.
pub fn show(loaded: &Loaded) -> String {
    // Maps, lists and texts can always be written.
    serde_saphyr::to_string(&show_json(loaded)).unwrap_or_default()
}

/// The configuration in force as JSON, of the same shape as [`show`].
pub fn show_json(loaded: &Loaded) -> Value {
    let settings = &loaded.settings;
    let secrets = Secrets(loaded);
    let mut whole = json!({
        "timezone": settings.timezone.name(),
        "language": settings.language,
        "database": settings.database.shown(),
        "schedule": {
            "cycle": settings.schedule.cycle,
            "quiet_hours": settings.schedule.quiet_hours.map_or_else(|| "none".to_owned(), window),
        },
        "safety": safety(&settings.safety),
        "web": web(&settings.web, &secrets),
        "mail": settings.mail.as_ref().map(|general| mail(general, "mail", &secrets)),
        "pixi": pixi(settings, &secrets),
        "mandants": mandants(settings, &secrets),
    });
    drop_nulls(&mut whole);
    whole
}

/// Masks.
struct Secrets<'a>(&'a Loaded);

impl Secrets<'_> {
    fn mask(&self, path: &str) -> Value {
        self.0.origins.get(path).map_or(Value::Null, |origin| json!(format!("*** ({origin})")))
    }
}

fn window(hours: QuietHours) -> String {
    format!("{}-{}", hours.from.format("%H:%M"), hours.until.format("%H:%M"))
}

/// In the largest unit that fits: `90m`, `2h`, `3d`.
pub fn time(time: Duration) -> String {
    match time.as_secs() {
        0 => "0s".to_owned(),
        seconds if seconds % 86_400 == 0 => format!("{}d", seconds / 86_400),
        seconds if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        seconds if seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

fn or_off<T: Serialize>(limit: Option<T>) -> Value {
    limit.map_or_else(|| json!("off"), |limit| json!(limit))
}

fn amount(minor: i64) -> String {
    crate::money::Currency::EUR.of(minor).decimal()
}

fn safety(safety: &Safety) -> Value {
    json!({
        "confirm_after": time(safety.confirm_after),
        "refund_delay": time(safety.refund_delay),
        "absent_after": time(safety.absent_after),
        "max_givebacks_per_cycle": or_off(safety.max_givebacks_per_cycle),
        "max_capture_per_cycle": or_off(safety.max_capture_per_cycle.map(amount)),
        "max_refund_per_day": or_off(safety.max_refund_per_day.map(amount)),
        "disable_after": time(safety.disable_after),
    })
}

fn web(web: &Web, secrets: &Secrets<'_>) -> Value {
    let user = |(index, user): (usize, &crate::config::settings::User)| json!({"name": user.name, "password_hash": secrets.mask(&format!("web.users[{index}].password_hash"))});
    json!({
        "listen": web.listen.to_string(),
        "tls": web.tls.as_ref().map(|tls| json!({"cert": tls.cert, "key": tls.key})),
        "public_url": web.public_url,
        "users": web.users.iter().enumerate().map(user).collect::<Vec<_>>(),
        "error_page_token": secrets.mask("web.error_page_token"),
        "hook_token": secrets.mask("web.hook_token"),
        "api_token": secrets.mask("web.api_token"),
    })
}

fn mail(mail: &Mail, path: &str, secrets: &Secrets<'_>) -> Value {
    json!({
        "from": mail.from,
        "to": mail.to,
        "smtp": {
            "host": mail.smtp.host,
            "port": mail.smtp.port,
            "security": mail.smtp.security,
            "username": mail.smtp.username,
            "password": secrets.mask(&format!("{path}.smtp.password")),
            "ca": mail.smtp.ca,
        },
        "dkim": mail.dkim.as_ref().map(|dkim| json!({
            "selector": dkim.selector,
            "domain": dkim.domain,
            "key": secrets.mask(&format!("{path}.dkim.key")),
        })),
        "max_per_hour": or_off(mail.max_per_hour),
        "solved": mail.solved,
        "reminder": mail.reminder,
        "summary": mail.summary,
        "daily_at": mail.daily_at.format("%H:%M").to_string(),
    })
}

fn pixi(settings: &Settings, secrets: &Secrets<'_>) -> Value {
    let api = |(name, api): (&crate::config::ids::ApiName, &PixiApi)| {
        let value = json!({
            "active": api.active,
            "endpoint": api.endpoint,
            "username": api.username,
            "password": secrets.mask(&format!("pixi.{name}.password")),
            "max_parallel": api.max_parallel,
            "timeout": time(api.timeout),
            "columns": api.columns,
        });
        (name.to_string(), value)
    };
    Value::Object(settings.pixi.iter().map(api).collect())
}

fn mandants(settings: &Settings, secrets: &Secrets<'_>) -> Value {
    let one = |(id, mandant): (&crate::config::ids::MandantId, &Mandant)| {
        let path = format!("mandants.{id}");
        let types = mandant.payment_types.iter().map(|(code, payment_type)| {
            let path = format!("{path}.payment_types.{code}");
            (code.to_string(), self::payment_type(payment_type, &path, secrets))
        });
        let value = json!({
            "name": mandant.name,
            "pixi": mandant.pixi,
            "kind": mandant.kind,
            "process_from": mandant.process_from,
            "mail": mandant.mail.as_ref().map(|own| mail(own, &format!("{path}.mail"), secrets)),
            "payment_types": types.collect::<Map<_, _>>(),
        });
        (id.to_string(), value)
    };
    Value::Object(settings.mandants.iter().map(one).collect())
}

fn payment_type(payment_type: &PaymentType, path: &str, secrets: &Secrets<'_>) -> Value {
    let own_key = format!("{path}.private_key");
    let own = payment_type.keys.first().filter(|_| secrets.0.origins.contains_key(&own_key));
    let further = payment_type.keys.iter().skip(usize::from(own.is_some())).enumerate().map(|(index, pair)| {
        json!({
            "public_key": pair.public_key,
            "private_key": secrets.mask(&format!("{path}.keys[{index}].private_key")),
            "methods": pair.methods,
        })
    });
    json!({
        "active": payment_type.active,
        "event_invoice": payment_type.event_invoice,
        "event_return": payment_type.event_return,
        "xml_tag": payment_type.xml_tag,
        "rounding_tolerance": payment_type.rounding_tolerance,
        "public_key": own.map(|pair| &pair.public_key),
        "private_key": secrets.mask(&own_key),
        "mode": payment_type.mode,
        "reauthorize": payment_type.reauthorize,
        "address_check": payment_type.address_check,
        "lock_customer_on_chargeback": payment_type.lock_customer_on_chargeback,
        "report_failed_capture": payment_type.report_failed_capture,
        "write_bank_data": payment_type.write_bank_data,
        "expiry_warning": time(payment_type.expiry_warning),
        "booking_sign": payment_type.booking_sign,
        "unzer_url": payment_type.unzer_url,
        "keys": further.collect::<Vec<_>>(),
    })
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, value| !value.is_null());
            object.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
