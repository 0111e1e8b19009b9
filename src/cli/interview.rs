//! `config new`: asks pixi for its mandants and payment types, and the person for what is wanted of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::cli::context::Context;
use crate::cli::{Failure, ask, output};
use crate::config::{ApiName, FoundAtPixi, FoundMandant, FoundType, PixiApi, start_from};
use crate::pixi::{PaymentTypeRow, PixiClient, Shop};

/// What pixi is asked with before there is a configuration.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Login {
    /// Address of pixi's SOAP API; with it pixi is asked for its mandants and payment types
    #[arg(long, value_name = "URL")]
    endpoint: Option<Url>,
    /// Login name at pixi
    #[arg(long, value_name = "NAME", requires = "endpoint")]
    username: Option<String>,
    /// File with the password, relative to the new configuration
    #[arg(long, value_name = "FILE", requires = "endpoint")]
    password_file: Option<String>,
}

/// Usual login name, and the place of its password.
const USERNAME: &str = "pixiACM";
const PASSWORD_FILE: &str = "secrets/pixi-live";
const ENDPOINT: &str = "https://api.pixi.eu/soap/pixiACM/";

/// The text of a configuration with what pixi told; none: the starter as it is. `folder` is where the file will lie.
pub async fn text(context: &Context, login: Login, folder: &Path) -> Result<Option<String>, Failure> {
    let asked = ask::somebody_there();
    let Some(login) = complete(login, asked)? else { return Ok(None) };
    let (endpoint, username, password_file) = login;
    if endpoint.scheme() != "https" && !is_loopback(&endpoint) {
        return Err(Failure::usage(format!(
            "--endpoint {endpoint}: the password would go over the net in plain text; write https"
        )));
    }
    let path = folder.join(&password_file);
    let password = std::fs::read_to_string(&path).map_err(|error| {
        Failure::failed(format!(
            "{}: {error}; write pixi's password into it (chmod 600), then try again",
            path.display()
        ))
    })?;
    let api = PixiApi {
        active: true,
        endpoint: endpoint.clone(),
        username: username.clone(),
        password: SecretString::from(password.trim_end_matches(['\r', '\n'])),
        max_parallel: 1,
        timeout: Duration::from_secs(30),
        columns: BTreeMap::new(),
    };
    let zone = chrono_tz::Europe::Berlin;
    let pixi = PixiClient::new(ApiName("live".to_owned()), &api, context.transport(), context.clock.clone(), zone);
    let (shops, types) = match (pixi.shops().await, pixi.payment_types().await) {
        (Ok(shops), Ok(types)) => (shops, types),
        (Err(error), _) | (_, Err(error)) => {
            output::remark(&format!("pixi could not be asked: {error}"));
            output::remark("the file holds examples instead of its mandants and payment types");
            return Ok(None);
        }
    };
    output::remark(&format!("pixi has {} mandants and {} payment types", shops.len(), types.len()));
    let mandants = chosen(shops, &types, asked)?;
    let today = context.clock.now().with_timezone(&zone).date_naive().to_string();
    Ok(Some(start_from(&FoundAtPixi { endpoint, username, password_file, mandants, today })))
}

/// What is needed to log in; none where nobody wants pixi to be asked.
fn complete(login: Login, asked: bool) -> Result<Option<(Url, String, String)>, Failure> {
    let endpoint = match login.endpoint {
        Some(endpoint) => endpoint,
        None if !asked => return Ok(None),
        None => {
            let question = "Address of pixi's SOAP API, to ask it for mandants and payment types (empty: do not ask):";
            output::remark(&format!("such as {ENDPOINT}"));
            match ask::line(question)?.filter(|answer| !answer.is_empty()) {
                None => return Ok(None),
                Some(text) => text.parse().map_err(|_| Failure::usage(format!("{text}: is no address")))?,
            }
        }
    };
    let or_asked = |given: Option<String>, what: &str, usual: &str| match given {
        Some(given) => Ok(given),
        None if !asked => Ok(usual.to_owned()),
        None => {
            let answer = ask::line(&format!("{what} [{usual}]:"))?.filter(|answer| !answer.is_empty());
            Ok::<_, Failure>(answer.unwrap_or_else(|| usual.to_owned()))
        }
    };
    let username = or_asked(login.username, "Login name", USERNAME)?;
    let password_file = or_asked(login.password_file, "File with the password", PASSWORD_FILE)?;
    Ok(Some((endpoint, username, password_file)))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The mandants and payment types that are wanted; without a person all of them, each switched off.
fn chosen(shops: Vec<Shop>, types: &[PaymentTypeRow], asked: bool) -> Result<Vec<FoundMandant>, Failure> {
    if asked {
        for row in types {
            output::remark(&format!("  {}  {}", row.code, row.text.as_deref().unwrap_or("")));
        }
    }
    let mut mandants = Vec::new();
    for shop in shops {
        let (id, name) = (shop.shop_id.0, shop.name);
        let title = name.as_ref().map_or_else(|| id.clone(), |name| format!("{id} ({name})"));
        let wanted = if asked {
            let question =
                format!("Payment types of {title} that Unzer handles, such as U,V (empty: leave the mandant out):");
            let answer = ask::line(&question)?.unwrap_or_default();
            let codes: Vec<String> =
                answer.split([',', ' ']).filter(|code| !code.is_empty()).map(str::to_owned).collect();
            if let Some(code) = codes.iter().find(|code| !types.iter().any(|row| row.code.0 == **code)) {
                return Err(Failure::usage(format!("pixi has no payment type {code}")));
            }
            if codes.is_empty() {
                continue;
            }
            Some(codes)
        } else {
            None
        };
        let of_pixi = types.iter().filter(|row| wanted.as_ref().is_none_or(|codes| codes.contains(&row.code.0)));
        let types = of_pixi.filter(|row| is_code(&row.code.0)).map(|row| FoundType {
            code: row.code.0.clone(),
            text: row.text.clone(),
            xml_tag: row.xml_tag.clone().filter(|tag| !tag.is_empty()),
            starts_as: row.ini_order_status.clone(),
        });
        mandants.push(FoundMandant { id, name, types: types.collect() });
    }
    Ok(mandants)
}

/// The daemon handles payment types of one letter.
fn is_code(code: &str) -> bool {
    code.len() == 1 && code.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Folder of a file that is to be written.
pub fn folder_of(file: Option<&Path>) -> PathBuf {
    let folder = file.and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or_else(|| PathBuf::from("."), Path::to_owned)
}
