//! Addresses, on which pixi keeps bank data (`pixi/NOTES` 12).

use std::fmt;

use crate::pixi::assumptions;
use crate::pixi::client::PixiClient;
use crate::pixi::columns::{CellError, Cells, ColumnSpec, FromRow, columns};
use crate::pixi::envelope::Params;
use crate::pixi::error::PixiError;
use crate::steps::Outcome;

/// An address with the bank data on it (pixiGetAddress).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// Key.
    pub addr_key: i64,
    /// Full name.
    pub name: Option<String>,
    /// First name, where the installation sends it.
    pub first_name: Option<String>,
    /// Family name, where the installation sends it.
    pub last_name: Option<String>,
    /// Salutation.
    pub title: Option<String>,
    /// Company or c/o line.
    pub care_of: Option<String>,
    /// Street, with the house number where the installation sends them as one.
    pub street: Option<String>,
    /// Street and house number in one line, where the installation has a column for it.
    pub street_line: Option<String>,
    /// House number, where it has a column of its own.
    pub house_nr: Option<String>,
    /// Post code.
    pub zip: Option<String>,
    /// Town.
    pub city: Option<String>,
    /// Country, as pixi writes it.
    pub country: Option<String>,
    /// Country as ISO 3166 code, where the installation sends it.
    pub country_iso: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Fax.
    pub fax: Option<String>,
    /// Second fax or mobile number.
    pub fax2: Option<String>,
    /// Mail address.
    pub email: Option<String>,
    /// Remarks.
    pub note: Option<String>,
    /// BIC.
    pub bic: Option<String>,
    /// IBAN.
    pub iban: Option<String>,
    /// German bank code.
    pub blz: Option<String>,
    /// Bank.
    pub bank_name: Option<String>,
    /// Account holder.
    pub account_name: Option<String>,
}

impl fmt::Debug for Address {
    /// The key only: the rest is personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.addr_key)
    }
}

columns!(Address: Addr {
    Key = NEED "AddrKey",
    Name = MAY "Name",
    FirstName = MAY "FirstName",
    LastName = MAY "LastName",
    Title = MAY "Title" | "Anrede",
    CareOf = MAY "CareOf" | "Company",
    Street = MAY "Street",
    StreetLine = MAY "Address",
    HouseNr = MAY "HouseNr",
    Zip = MAY "ZIP",
    City = MAY "City",
    Country = MAY "Country" | "CountryCode" | "CountryCodePixi",
    CountryIso = MAY "CountryCodeISO2" | "CountryISO2",
    Phone = MAY "Phone",
    Fax = MAY "Fax",
    Fax2 = MAY "Fax2",
    Email = MAY "Email",
    Note = MAY "Note",
    Bic = MAY "BIC",
    Iban = MAY "IBAN",
    Blz = MAY "BLZ",
    BankName = MAY "BankName",
    AccountName = MAY "AccountName" | "CardHolderName",
});

impl FromRow for Address {
    fn columns() -> &'static [ColumnSpec] {
        Addr::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        Ok(Self {
            addr_key: row.need_int(Addr::Key)?,
            name: row.string(Addr::Name),
            first_name: row.string(Addr::FirstName),
            last_name: row.string(Addr::LastName),
            title: row.string(Addr::Title),
            care_of: row.string(Addr::CareOf),
            street: row.string(Addr::Street),
            street_line: row.string(Addr::StreetLine),
            house_nr: row.string(Addr::HouseNr),
            zip: row.string(Addr::Zip),
            city: row.string(Addr::City),
            country: row.string(Addr::Country),
            country_iso: row.string(Addr::CountryIso),
            phone: row.string(Addr::Phone),
            fax: row.string(Addr::Fax),
            fax2: row.string(Addr::Fax2),
            email: row.string(Addr::Email),
            note: row.string(Addr::Note),
            bic: row.string(Addr::Bic),
            iban: row.string(Addr::Iban),
            blz: row.string(Addr::Blz),
            bank_name: row.string(Addr::BankName),
            account_name: row.string(Addr::AccountName),
        })
    }
}

impl PixiClient {
    /// An address by its key; `None` where pixi has none.
    pub async fn address(&self, key: i64) -> Result<Option<Address>, PixiError> {
        let rows: Vec<Address> = self.all("pixiGetAddress", Params::new().int("AddrKey", key)).await?;
        let rows = Self::only_of("pixiGetAddress", rows, |row| row.addr_key == key)?;
        Ok(rows.into_iter().next())
    }

    /// Whether the addresses of an order may still be changed.
    pub async fn can_change_address(&self, order_nr: i64) -> Result<bool, PixiError> {
        self.scalar_flag("pixiCanChangeAddress", Params::new().int("OrderNr", order_nr)).await
    }

    /// Writes the billing address of an order. Whether pixi blanks what is left out is not known: send the address as
    /// read, with only the bank data changed, and read it back.
    pub async fn change_address(&self, order_nr: i64, address: &Address) -> Outcome {
        let [holder, bank] = assumptions::BANK_PARAMETERS;
        let mut params = Params::new().text("AddrType", assumptions::BILLING_ADDRESS).int("OrderNr", order_nr);
        for (name, value) in [
            ("BIC", &address.bic),
            ("BLZ", &address.blz),
            ("Fax", &address.fax),
            ("ZIP", &address.zip),
            ("City", &address.city),
            ("Fax2", &address.fax2),
            ("IBAN", &address.iban),
            ("Note", &address.note),
            ("Email", &address.email),
            ("Phone", &address.phone),
            ("Title", &address.title),
            ("CareOf", &address.care_of),
            ("Street", &address.street),
            ("Country", &address.country),
            ("HouseNr", &address.house_nr),
            ("LastName", &address.last_name),
            ("FirstName", &address.first_name),
            (bank, &address.bank_name),
            (holder, &address.account_name),
        ] {
            if let Some(value) = value {
                params = params.free_text(name, value, 8000);
            }
        }
        self.write("pixiChangeAddress", params).await
    }
}
