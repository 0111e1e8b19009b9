//! What Unzer's codes mean and how final they are: one table (`unzer/NOTES` 5).

use http::StatusCode;

use crate::steps::RefusalKind;

/// What a code says about what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The thing asked for does not exist (for these keys).
    NotFound,
    /// It belongs to another merchant: another key pair may have it.
    OtherMerchant,
    /// Refused, nothing happened.
    Refused(RefusalKind),
    /// Perhaps passing, and perhaps something happened.
    Unclear,
}

use Class::{NotFound, OtherMerchant, Refused, Unclear};
use RefusalKind::{AlreadySo, Configuration, Final, Hard, Passing, Soft, Stale};

/// Code, class, meaning in a few words.
const CODES: &[(&str, Class, &str)] = &[
    ("API.000.000.001", Refused(Configuration), "key missing"),
    ("API.000.000.006", Refused(Final), "method not allowed"),
    ("API.000.000.999", Unclear, "general error"),
    ("API.310.100.003", NotFound, "payment or transaction not found"),
    ("API.320.000.002", Refused(Configuration), "key invalid"),
    ("API.320.000.004", Refused(Final), "authorisation not allowed for this method or state"),
    ("API.320.100.008", Refused(Final), "customer missing"),
    ("API.320.100.203", Refused(Final), "return URL missing"),
    ("API.320.200.138", Refused(Final), "order id already used"),
    ("API.320.200.143", Refused(Final), "type id missing"),
    ("API.320.200.145", OtherMerchant, "belongs to another merchant"),
    ("API.330.000.004", Refused(Final), "charge not allowed for this method or state"),
    ("API.330.100.007", Refused(Stale), "more than is authorised or left"),
    ("API.330.100.008", Refused(Final), "customer missing"),
    ("API.330.100.023", Refused(Final), "basket missing"),
    ("API.330.100.024", Refused(Final), "reason missing"),
    ("API.330.100.106", Refused(Final), "billing and shipping address differ"),
    ("API.330.100.202", Refused(Final), "currency not supported"),
    ("API.330.200.152", Refused(Final), "basket already used"),
    ("API.340.000.004", Refused(Final), "cancellation not allowed for this method or state"),
    ("API.340.100.014", Refused(AlreadySo), "already cancelled"),
    ("API.340.100.015", Refused(AlreadySo), "already charged back"),
    ("API.340.100.017", Refused(Stale), "more than can be cancelled"),
    ("API.340.100.018", Refused(Stale), "already charged"),
    ("API.340.100.024", Refused(Final), "reason missing"),
    ("API.340.200.130", Refused(Final), "amount missing"),
    ("API.360.000.004", Refused(Final), "shipment notice not allowed for this method or state"),
    ("API.360.100.025", Refused(Final), "invoice id missing"),
    ("API.410.100.100", NotFound, "customer unknown"),
    ("API.410.200.010", Refused(Final), "customer already exists"),
    ("API.410.200.031", Refused(Final), "name in the address too long"),
    ("API.500.100.001", NotFound, "payment type not found"),
    ("API.500.100.060", Refused(Final), "strong authentication failed"),
    ("API.500.100.100", NotFound, "customer unknown"),
    ("API.500.300.999", Refused(Final), "data invalid"),
    ("API.500.550.004", Refused(Final), "recurring payments not supported"),
    ("API.510.310.008", NotFound, "webhook not found"),
    ("API.510.310.009", Refused(AlreadySo), "webhook already registered"),
    ("API.600.410.024", NotFound, "basket not found"),
    ("API.640.550.006", Refused(Final), "recurring payments already active"),
    ("API.710.000.002", Refused(Configuration), "key invalid"),
    ("API.710.000.003", Refused(Configuration), "no permission"),
    ("API.710.000.005", Refused(Configuration), "not enough permission"),
    ("API.710.000.007", Refused(Configuration), "wrong kind of authentication"),
    ("API.710.100.001", NotFound, "payment type not found"),
    ("API.710.200.100", Refused(Final), "field missing"),
    ("API.903.000.011", Refused(Final), "no instalment plan for companies"),
    ("COR.100.300.600", Refused(Configuration), "connector login wrong"),
    ("COR.100.900.401", Refused(Final), "client address invalid"),
    ("COR.400.100.101", Refused(Final), "address cannot be traced"),
    ("COR.700.400.800", Refused(AlreadySo), "insurance already active"),
    ("COR.800.100.151", Refused(Hard), "declined by the bank, for good"),
    ("COR.800.100.152", Refused(Hard), "declined by the bank, for good"),
    ("COR.800.100.153", Refused(Soft), "declined by the bank, for now"),
    ("COR.800.100.156", Refused(Hard), "declined by the bank, for good"),
    ("COR.800.100.157", Refused(Soft), "declined by the bank, for now"),
    ("COR.800.100.159", Refused(Hard), "declined by the bank, for good"),
    ("COR.800.100.162", Refused(Soft), "declined by the bank, for now"),
    ("COR.800.100.167", Refused(Hard), "declined by the bank, for good"),
    ("COR.800.100.168", Refused(Soft), "declined by the bank, for now"),
    ("COR.800.100.171", Refused(Hard), "declined by the bank, for good"),
    ("COR.800.100.172", Refused(Hard), "declined by the bank, for good"),
    ("COR.800.100.177", Refused(Hard), "declined by the bank, for good"),
    ("COR.800.100.190", Refused(Soft), "declined by the bank, for now"),
    ("COR.800.100.500", Refused(Soft), "declined by the bank, for now"),
    ("COR.800.100.600", Refused(Soft), "declined by the bank, for now"),
    ("COR.800.100.650", Refused(Soft), "declined by the bank, for now"),
    ("COR.800.400.160", Refused(Final), "refused by the partner"),
    ("COR.800.400.205", Refused(Final), "refused for risk"),
    ("SDM.CURRENT_INSURANCE_EVENT", Refused(Final), "refused by the risk check"),
    ("SDM.DATA_FORMAT_ERROR", Refused(Final), "data refused by the risk check"),
    ("SDM.INCREASED_RISK", Refused(Final), "refused by the risk check"),
    ("SDM.LIMIT_EXCEEDED", Refused(Final), "refused by the risk check"),
    ("SDM.NEGATIVE_TRAIT_FOUND", Refused(Final), "refused by the risk check"),
];

/// Every code in the table.
pub fn all() -> impl Iterator<Item = &'static str> {
    CODES.iter().map(|(code, _, _)| *code)
}

/// What a known code means.
pub fn meaning(code: &str) -> Option<&'static str> {
    find(code).map(|(_, _, meaning)| *meaning)
}

/// How final a code is. An unknown one goes by the HTTP status it came with; inside a 2xx it is final.
pub fn classify(code: &str, status: StatusCode) -> Class {
    if let Some((_, class, _)) = find(code) {
        return *class;
    }
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Refused(Configuration),
        StatusCode::NOT_FOUND => NotFound,
        StatusCode::TOO_MANY_REQUESTS => Refused(Passing),
        StatusCode::REQUEST_TIMEOUT => Unclear,
        status if status.is_server_error() => Unclear,
        _ => Refused(Final),
    }
}

fn find(code: &str) -> Option<&'static (&'static str, Class, &'static str)> {
    CODES.binary_search_by(|(known, _, _)| (*known).cmp(code)).ok().map(|index| &CODES[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_every_code_is_found() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(all().all(|code| meaning(code).is_some()));
    }

    #[test]
    fn c8_hard_and_soft_declines_are_told_apart() {
        let class = |code| classify(code, StatusCode::CREATED);
        assert_eq!(class("COR.800.100.151"), Refused(Hard));
        assert_eq!(class("COR.800.100.153"), Refused(Soft));
        assert_eq!(class("COR.800.100.999"), Refused(Final));
    }

    #[test]
    fn an_unknown_code_goes_by_its_status() {
        let class = |status| classify("API.999.999.999", status);
        assert_eq!(class(StatusCode::UNAUTHORIZED), Refused(Configuration));
        assert_eq!(class(StatusCode::NOT_FOUND), NotFound);
        assert_eq!(class(StatusCode::BAD_REQUEST), Refused(Final));
        assert_eq!(class(StatusCode::TOO_MANY_REQUESTS), Refused(Passing));
        assert_eq!(class(StatusCode::BAD_GATEWAY), Unclear);
    }
}
