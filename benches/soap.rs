//! How fast a list of 5,000 orders becomes typed rows, beside libxml2's tree parse of the same bytes.
//!
//! Goals: at least 80 MB/s, and at least 0.6 times libxml2 (`xmllint`, Debian package libxml2-utils).
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, clippy::cast_precision_loss)]
#![allow(clippy::float_arithmetic, reason = "rates are no money")]

use std::fmt::Write as _;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use pixi_payd::clock::Clock;
use pixi_payd::config::{ApiName, PixiApi};
use pixi_payd::pixi::PixiClient;
use pixi_payd::wire::{Request, Response, SendError, Wire};

const ORDERS: usize = 5000;
/// What a TLS record brings at most.
const CHUNK: usize = 16 << 10;
const ROUNDS: usize = 30;

const COLUMNS: [&str; 32] = [
    "OrderNr",
    "OrderNrExternal",
    "OrderHeaderKey",
    "WholeOrderState",
    "TrackingID",
    "ShipVendor",
    "ShopID",
    "PaymentAddressId",
    "ShipmentAddressId",
    "ShopNote",
    "PaymentType",
    "ccpPayID",
    "ccpLastAuthCode",
    "BankName",
    "AccountName",
    "AddressRemarks",
    "CustKey",
    "CreateDate",
    "LastShipdate",
    "OrderDate",
    "Shipdate",
    "ShipCost",
    "OrderTotal",
    "OrderlinesTotal",
    "OrderCurrency",
    "OrderLocked",
    "Street",
    "ZIP",
    "City",
    "LastName",
    "Referrer",
    "VoucherID",
];

fn value(column: &str, n: usize) -> Option<String> {
    Some(match column {
        "OrderNr" | "OrderHeaderKey" => format!("{}", 4_700_000 + n),
        "OrderNrExternal" => format!("SHOP-2026-{n:07}"),
        "WholeOrderState" => "HOLD".to_owned(),
        "TrackingID" if n.is_multiple_of(3) => format!("00340434{n:012}"),
        "ShipVendor" if n.is_multiple_of(3) => "DHL".to_owned(),
        "ShopID" => "ABC".to_owned(),
        "PaymentAddressId" | "ShipmentAddressId" | "CustKey" => format!("{}", 90_000 + n % 3000),
        "ShopNote" if n.is_multiple_of(7) => "Bitte &amp; gern vor 12 Uhr, &lt;Hinterhof&gt;".to_owned(),
        "PaymentType" => "K".to_owned(),
        "ccpPayID" => format!("s-pay-{n}"),
        "ccpLastAuthCode" if n.is_multiple_of(2) => "authorized t=0123456789abcdef".to_owned(),
        "CreateDate" | "OrderDate" => format!("2026-03-{:02}T09:{:02}:{:02}.030", n % 28 + 1, n % 60, n % 59),
        "ShipCost" => "4.9500".to_owned(),
        "OrderTotal" | "OrderlinesTotal" => format!("{}.{:02}00", n % 400, n % 100),
        "OrderCurrency" => "EUR".to_owned(),
        "OrderLocked" => "N".to_owned(),
        "Street" => format!("Lange Stra\u{df}e {}", n % 120),
        "ZIP" => format!("{:05}", 10_000 + n % 80_000),
        "City" => "M\u{fc}nchen".to_owned(),
        "LastName" => "Beispiel".to_owned(),
        "Referrer" => "https://shop.example/aktion?c=fr&#252;hling".to_owned(),
        _ => return None,
    })
}

fn answer() -> String {
    let mut xml = String::from(concat!(
        r#"<?xml version="1.0" encoding="utf-8"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/""#,
        r#" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:sql="http://schemas.microsoft.com/sqlserver/2004/SOAP/types/SqlResultStream""#,
        r#" xmlns:method="https://api.pixi.eu/soap/pixiAPP/"><SOAP-ENV:Body><method:pixiGetOrderHeaderResponse>"#,
        r#"<method:pixiGetOrderHeaderResult xmlns=""><sql:SqlRowSet><xsd:schema targetNamespace="urn:schemas-microsoft-com:sql:SqlRowSet1">"#,
        r#"<xsd:element name="SqlRowSet1"><xsd:complexType><xsd:sequence><xsd:element name="row"><xsd:complexType><xsd:sequence>"#
    ));
    for column in COLUMNS {
        let _ = write!(xml, r#"<xsd:element name="{column}" type="xsd:string" minOccurs="0"/>"#);
    }
    xml.push_str(concat!(
        "</xsd:sequence></xsd:complexType></xsd:element></xsd:sequence></xsd:complexType></xsd:element></xsd:schema>",
        r#"<diffgr:diffgram xmlns:diffgr="urn:schemas-microsoft-com:xml-diffgram-v1">"#,
        r#"<SqlRowSet1 xmlns="urn:schemas-microsoft-com:sql:SqlRowSet1">"#
    ));
    for n in 0..ORDERS {
        xml.push_str("<row>");
        for column in COLUMNS {
            if let Some(value) = value(column, n) {
                let _ = write!(xml, "<{column}>{value}</{column}>");
            }
        }
        xml.push_str("</row>");
    }
    xml.push_str("</SqlRowSet1></diffgr:diffgram></sql:SqlRowSet><sql:SqlResultCode>0</sql:SqlResultCode>");
    xml.push_str(
        "</method:pixiGetOrderHeaderResult></method:pixiGetOrderHeaderResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>",
    );
    xml
}

/// Brings the same answer to every request, in chunks as a network would.
struct Canned(Bytes);

#[async_trait]
impl Wire for Canned {
    async fn send(&self, _request: Request) -> Result<Response, SendError> {
        let chunks: Vec<_> =
            (0..self.0.len()).step_by(CHUNK).map(|at| Ok(self.0.slice(at..(at + CHUNK).min(self.0.len())))).collect();
        let mut response = Response::new(http::StatusCode::OK, "text/xml", Bytes::new());
        response.body = Box::pin(futures_util::stream::iter(chunks));
        Ok(response)
    }
}

/// Best time of libxml2 for `file`; none where `xmllint` is not installed.
fn libxml2(file: &std::path::Path) -> Option<Duration> {
    (0..5)
        .filter_map(|_| {
            let output = Command::new("xmllint").args(["--timing", "--noout", "--huge"]).arg(file).output().ok()?;
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let line = text.lines().find(|line| line.starts_with("Parsing took"))?;
            let millis: f64 = line.split_whitespace().nth(2)?.parse().ok()?;
            Some(Duration::from_secs_f64(millis / 1000.0))
        })
        .min()
}

fn main() {
    let xml = answer();
    let megabytes = xml.len() as f64 / 1e6;
    let settings = PixiApi {
        active: true,
        endpoint: "https://api.pixi.eu/soap/pixiAPP/".parse().unwrap(),
        username: "pixiAPP".to_owned(),
        password: String::new().into(),
        max_parallel: 1,
        timeout: Duration::from_mins(1),
        columns: std::collections::BTreeMap::new(),
    };
    let clock = Clock::system();
    let wire = Arc::new(Canned(Bytes::from(xml.clone())));
    let client =
        PixiClient::new(ApiName("bench".to_owned()), &settings, wire, clock.clone(), chrono_tz::Europe::Berlin);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let watch = clock.stopwatch();
            let listing = runtime.block_on(client.order_headers_of_customer(1, 0)).unwrap();
            assert_eq!((listing.rows.len(), listing.bad.len()), (ORDERS, 0));
            watch.elapsed()
        })
        .collect();
    times.sort_unstable();
    let best = times.first().copied().unwrap_or_default();
    let ours = megabytes / best.as_secs_f64();
    println!("soap: {ORDERS} orders, {megabytes:.1} MB");
    println!("soap: typed rows {ours:.0} MB/s (best of {ROUNDS}, goal 80)");

    let file = std::env::temp_dir().join(format!("pixi-payd-bench-{}.xml", std::process::id()));
    std::fs::write(&file, &xml).unwrap();
    match libxml2(&file) {
        Some(floor) => {
            let floor = megabytes / floor.as_secs_f64();
            println!("soap: libxml2 tree {floor:.0} MB/s, ratio {:.2} (goal 0.60)", ours / floor);
        }
        None => println!("soap: xmllint is not installed (Debian package libxml2-utils): no ratio"),
    }
    let _ = std::fs::remove_file(&file);
}
