"""Drives the simulated pixi through its WSDL with zeep, and the simulated Unzer with plain HTTP.

Takes the addresses and keys that `pixi-payd sandbox --peers-only` prints from the variable PEERS.
Prints one line per check and, last, how many passed and failed.
"""

import json
import os
import sys
import traceback
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import requests
import zeep
from lxml import etree

SECONDS = 20
CALLS = """
    pixiAddCustomerComment pixiCACreateManualBooking pixiCanChangeAddress pixiCreateOrderComment pixiGetAddress
    pixiGetChangedOrders pixiGetCreditCardInfo pixiGetInvoice pixiGetInvoiceLines pixiGetItemInfo pixiGetOrderHeader
    pixiGetOrderline pixiGetOrderTotals pixiImportFindXML pixiPayGetInvoicesToCapture pixiPayGetOrdersToAuthorize
    pixiPaySetAuthorizationStatus pixiPaySetInvoiceCapture pixiSetOrderShippingLock pixiSetShippingLock
""".split()
SETUP_CALLS = """
    pixiCAGetCustomerEvents pixiCAGetEvents pixiCAGetInvoiceMatch pixiChangeAddress pixiGetCurrency
    pixiGetCustomerEvents pixiGetPaymenttypes pixiGetServerTime pixiGetShops pixiSysGetCallInfo
    pixiSysGetCurrentRevision
""".split()

SOAP = "http://schemas.microsoft.com/sqlserver/2004/SOAP"
STREAM = f"{{{SOAP}/types/SqlResultStream}}"
MESSAGE = f"{{{SOAP}/types/SqlMessage}}"
XSD = "{http://www.w3.org/2001/XMLSchema}"
DIFFGRAM = "{urn:schemas-microsoft-com:xml-diffgram-v1}diffgram"
# What SQL Server says of parameters: missing, of another type, twice, out of order, unknown.
WRONG_PARAMETERS = {201, 8114, 8143, 8144, 8145}

passed = 0
failed = 0


def check(what, is_so, seen=None):
    """Counts one check; `seen` is shown where it fails."""
    global passed, failed
    if is_so:
        passed += 1
        print(f"ok      {what}")
    else:
        failed += 1
        print(f"FAILED  {what}; seen: {seen!r}")
    return is_so


def equal(what, seen, wanted):
    """Checks that two values are the same and of one type."""
    return check(what, seen == wanted and type(seen) is type(wanted), seen)


def is_raised(kind, action):
    """What `action` raises, where it is of this kind; a raise of another kind goes on."""
    try:
        action()
    except kind as error:
        return error
    return None


class Answer:
    """Row sets, messages and result code of one answer, read from the elements zeep hands out."""

    def __init__(self, elements):
        self.row_sets = []
        self.messages = []
        self.code = None
        for element in elements:
            if element.tag == f"{STREAM}SqlRowSet":
                self.row_sets.append(read_row_set(element))
            elif element.tag == f"{STREAM}SqlMessage":
                self.messages.append(int(element.findtext(f"{MESSAGE}Number")))
            elif element.tag == f"{STREAM}SqlResultCode":
                self.code = int(element.text)
            else:
                raise ValueError(f"an answer holds {element.tag}")

    @property
    def rows(self):
        return [row for rows in self.row_sets for row in rows]

    def one(self, column, value):
        """The only row with this value in this column."""
        found = [row for row in self.rows if row.get(column) == value]
        if len(found) != 1:
            raise LookupError(f"{len(found)} rows with {column} = {value} among {len(self.rows)}")
        return found[0]


def read_row_set(element):
    """Rows as dictionaries, typed by the schema that comes with them; None for a column that is NULL."""
    types = {}
    for column in element.findall(f".//{XSD}element[@name='row']//{XSD}element"):
        restriction = column.find(f"{XSD}simpleType/{XSD}restriction")
        sql = column.get("type") if restriction is None else restriction.get("base")
        types[plain_name(column.get("name"))] = sql.split(":")[1]
    rows = []
    for row in element.find(DIFFGRAM).iter("{*}row"):
        values = dict.fromkeys(types)
        for cell in row:
            name = plain_name(etree.QName(cell).localname)
            values[name] = convert(types[name], cell.text or "")
        rows.append(values)
    return rows


def plain_name(name):
    return name.replace("_x0058_", "X")


def convert(sql, text):
    if sql == "int":
        return int(text)
    if sql == "bit":
        return {"0": False, "1": True}[text]
    if sql == "money":
        if len(text.partition(".")[2]) != 4:
            raise ValueError(f"money without four decimals: {text}")
        return Decimal(text)
    if sql == "datetime":
        return datetime.fromisoformat(text)
    if sql == "char":
        return text.rstrip(" ")
    if sql in ("varchar", "nvarchar"):
        return text
    raise ValueError(f"type {sql} is not known")


class Session(requests.Session):
    """Signs in with Basic and never waits for ever."""

    def __init__(self, username, password):
        super().__init__()
        self.auth = (username, password)
        self.trust_env = False

    def request(self, *args, **kwargs):
        kwargs.setdefault("timeout", SECONDS)
        return super().request(*args, **kwargs)


class Pixi:
    """The simulated pixi as its WSDL describes it."""

    def __init__(self, door):
        self.door = door
        self.session = Session(door["username"], door["password"])
        self.client = connect(door, self.session)

    def raw(self, call, **parameters):
        return self.client.service[call](**parameters)

    def call(self, call, **parameters):
        return Answer(self.raw(call, **parameters))

    def post(self, door, body):
        response = self.session.post(self.door[door], json=body)
        response.raise_for_status()
        return response.json()


def connect(door, session):
    transport = zeep.Transport(session=session, timeout=SECONDS, operation_timeout=SECONDS)
    return zeep.Client(f"{door['endpoint']}?wsdl", transport=transport, settings=zeep.Settings(strict=True))


def description(pixi):
    """The WSDL: where it leads and what it lists."""
    endpoint = pixi.door["endpoint"]
    wsdl = pixi.client.wsdl
    equal("targetNamespace is the endpoint", wsdl._definitions and next(iter(wsdl._definitions))[0], endpoint)
    ports = [port for service in wsdl.services.values() for port in service.ports.values()]
    equal("one port", len(ports), 1)
    equal("address is the endpoint", ports[0].binding_options["address"], endpoint)
    operations = ports[0].binding.all()
    for call in CALLS + SETUP_CALLS:
        found = call in operations
        check(f"{call} is an operation", found)
        if found:
            equal(f"{call}: SOAPAction", operations[call].soapaction, f"{endpoint}{call}")
            equal(f"{call}: namespace", etree.QName(operations[call].input.body.qname).namespace, endpoint)


def parameters(pixi):
    """Every operation with every parameter the WSDL names: pixi knows them all, in this order."""
    port = pixi.client.service
    for name, operation in sorted(port._binding.all().items()):
        values = {each: sample(each, element.type) for each, element in operation.input.body.type.elements}
        try:
            answer = pixi.raw(name, **values)
        except zeep.exceptions.Fault as fault:
            check(f"{name} is served", False, fault.detail or fault)
            continue
        if isinstance(answer, str):
            check(f"{name} takes its {len(values)} parameters", answer in ("0", "1"), answer)
        else:
            messages = Answer(answer).messages
            check(f"{name} takes its {len(values)} parameters", not WRONG_PARAMETERS & set(messages), messages)


def sample(name, kind):
    """A value of the type that means nothing that exists."""
    by_type = {"integer": 999_999_999, "boolean": False, "decimal": Decimal("0.01"), "string": "~"}
    if name == "CurrencyId":
        return "1"  # a number, described as text
    is_time = kind.name == "string" and any(part in name for part in ("Date", "Time", "Since"))
    return "2026-01-02T03:04:05" if is_time else by_type[kind.name]


def installation(pixi):
    shops = pixi.call("pixiGetShops")
    equal("pixiGetShops: result code", shops.code, 0)
    check("pixiGetShops: the demo shop has a name", bool(shops.one("ShopID", "DEM")["ShopName"]), shops.rows)
    equal("pixiGetShops of one shop", [row["ShopID"] for row in pixi.call("pixiGetShops", ShopID="DEM").rows], ["DEM"])

    now = datetime.now(ZoneInfo("Europe/Berlin")).replace(tzinfo=None)
    rows = pixi.call("pixiGetServerTime").rows
    equal("pixiGetServerTime: one row", len(rows), 1)
    time = rows[0]["ServerTime"]
    check("pixiGetServerTime: local time of Berlin", abs(time - now) < timedelta(minutes=2), time)

    kinds = pixi.call("pixiGetPaymenttypes")
    kind = kinds.one("Code", "U")
    equal("pixiGetPaymenttypes: text", kind["PaymentText"], "Unzer")
    equal("pixiGetPaymenttypes: starts on hold", kind["IniOrderStatus"], "HAL")
    only = pixi.call("pixiGetPaymenttypes", IniOrderStatus="HAL", Code="U").rows
    equal("pixiGetPaymenttypes: both filters hold", [row["Code"] for row in only], ["U"])


def order_life(pixi):
    """An order from its import to its booked invoice."""
    item, external = "Größe <M> & \"L\"", "FOREIGN-1"
    document = "<ORDER><NOTE>ä &amp; ]]&gt; &lt;b&gt;</NOTE></ORDER>"
    lines = [{"item": item, "qty": 2, "price": 1999}, {"item": "B", "price": 500}]
    order = {"shop": "DEM", "payment_code": "U", "external": external, "pay_id": "s-pay-77", "lines": lines,
             "ship_cost": 495, "import_xml": document}
    taken = pixi.post("import", order)
    nr = taken["OrderNr"]
    equal("import: the shop's number", taken["OrderNrExternal"], external)
    again = pixi.session.post(pixi.door["import"], json=order)
    equal("import: the same order again is refused", again.status_code, 422)

    waiting = pixi.call("pixiPayGetOrdersToAuthorize", PaymentCode="U", ShowAll=False, RowCount=1000).one("OrderNr", nr)
    equal("pixiPayGetOrdersToAuthorize: shop's number", waiting["OrderNrExternal"], external)
    equal("pixiPayGetOrdersToAuthorize: payment reference", waiting["ccpPayID"], "s-pay-77")
    equal("pixiPayGetOrdersToAuthorize: shipping cost", waiting["ShipCost"], Decimal("4.95"))
    equal("pixiPayGetOrdersToAuthorize: no failures", waiting["ccpSetFailTries"], 0)
    equal("pixiPayGetOrdersToAuthorize: NULL stays away", waiting["CardOwner"], None)
    others = pixi.call("pixiPayGetOrdersToAuthorize", PaymentCode="V", RowCount=1000).rows
    check("pixiPayGetOrdersToAuthorize: not under another payment type", nr not in [row["OrderNr"] for row in others])

    header = pixi.call("pixiGetOrderHeader", OrderNr=nr).one("OrderNr", nr)
    equal("pixiGetOrderHeader: total", header["OrderTotal_OrderCurr"], Decimal("49.93"))
    equal("pixiGetOrderHeader: currency", header["OrderCurrency"], "EUR")
    equal("pixiGetOrderHeader: payment type", header["PaymentType"], "U")
    equal("pixiGetOrderHeader: not locked", header["OrderLocked"], "N")
    by_shop = pixi.call("pixiGetOrderHeader", OrderNrExternal=external, ShopID="DEM").rows
    equal("pixiGetOrderHeader by the shop's number", [row["OrderNr"] for row in by_shop], [nr])

    lines = pixi.call("pixiGetOrderline", OrderNR=nr)
    equal("pixiGetOrderline: two lines", len(lines.rows), 2)
    first = lines.one("ItemNrInt", item)
    equal("pixiGetOrderline: pieces", first["Qty"], 2)
    equal("pixiGetOrderline: price", first["Price_OrderCurr"], Decimal("19.99"))
    equal("pixiGetOrderline: on hold", {row["Status"] for row in lines.rows}, {"HAL"})

    logged = pixi.call("pixiImportFindXML", Id=external, Type="order").rows
    equal("pixiImportFindXML: the document as the shop sent it", [row["Request"] for row in logged], [document])
    check("pixiImportFindXML: the key's escaped name", logged[0]["XMLLogKey"] is not None, logged[0])
    none = pixi.call("pixiImportFindXML", Id="NEVER-SENT", Type="order")
    equal("pixiImportFindXML: nothing for an unknown number", (none.rows, none.code), ([], 0))

    equal("pixiCanChangeAddress: yes", pixi.raw("pixiCanChangeAddress", OrderNr=nr), "1")
    decline = pixi.call("pixiPaySetAuthorizationStatus", OrderNr=nr, Success=False, Message="abgelehnt")
    equal("pixiPaySetAuthorizationStatus: a failure", decline.messages, [])
    equal("… is counted", pixi.call("pixiGetOrderHeader", OrderNr=nr).rows[0]["ccpSetFailTries"], 1)
    release = pixi.call("pixiPaySetAuthorizationStatus", OrderNr=nr, Success=True, Message="geprüft",
                        AuthID="s-pay-78", AuthCode="A-1")
    equal("pixiPaySetAuthorizationStatus: result code", (release.code, release.messages), (0, []))
    header = pixi.call("pixiGetOrderHeader", OrderNr=nr).rows[0]
    equal("… the reference is kept", (header["ccpPayID"], header["ccpLastAuthCode"]), ("s-pay-78", "A-1"))
    equal("… the lines are released", {row["Status"] for row in pixi.call("pixiGetOrderline", OrderNR=nr).rows}, {"ANG"})
    left = pixi.call("pixiPayGetOrdersToAuthorize", PaymentCode="U", ShowAll=True, RowCount=1000).rows
    check("… the order has left the list", nr not in [row["OrderNr"] for row in left])
    unknown = pixi.call("pixiPaySetAuthorizationStatus", OrderNr=1, Success=True)
    equal("pixiPaySetAuthorizationStatus: an unknown order is an error", (unknown.messages, unknown.code), ([50000], -6))

    capture(pixi, nr)


def capture(pixi, nr):
    invoice_nr = pixi.post("merchant", {"do": "ship", "order": nr, "tracking": "TRACK-1"})["done"]
    equal("pixiCanChangeAddress: no more once shipped", pixi.raw("pixiCanChangeAddress", OrderNr=nr), "0")

    def listed():
        rows = pixi.call("pixiPayGetInvoicesToCapture", PaymentCode="U", ShowAll=False, RowCount=1000).rows
        return [{key.lower(): value for key, value in row.items()} for row in rows]

    invoices = [row for row in listed() if row["invoicenr"] == invoice_nr]
    if equal("pixiPayGetInvoicesToCapture: the invoice once", len(invoices), 1):
        invoice = invoices[0]
        equal("pixiPayGetInvoicesToCapture: order", invoice["ordernr"], nr)
        equal("pixiPayGetInvoicesToCapture: total", invoice["total_ordercurr"], Decimal("49.93"))
        equal("pixiPayGetInvoicesToCapture: nothing paid", invoice["paidsum"], Decimal(0))
        equal("pixiPayGetInvoicesToCapture: reference", invoice["ccppayid"], "s-pay-78")
    booking = {"PayID": "s-pay-78", "Message": "Capture", "PayCode": "s-chg-1", "Success": True, "InvoiceNr": invoice_nr,
               "CaptureSum": Decimal("49.93"), "SetRemainingOrdersToHAL": False}
    without = pixi.call("pixiPaySetInvoiceCapture", **booking)
    equal("pixiPaySetInvoiceCapture: not without an event", without.messages, [50000])
    booked = pixi.call("pixiPaySetInvoiceCapture", EventID="UZE", **booking)
    equal("pixiPaySetInvoiceCapture: result code", (booked.code, booked.messages), (0, []))
    equal("… the invoice has left the list", [row for row in listed() if row["invoicenr"] == invoice_nr], [])
    document = pixi.call("pixiGetInvoice", OrderNR=nr).rows
    sums = [{key.lower(): value for key, value in row.items()}["paidsum"] for row in document]
    equal("pixiGetInvoice: paid", sums, [Decimal("49.93")])


def wrong_login(pixi):
    wrong = Session(pixi.door["username"], "wrong")
    refused = is_raised(requests.HTTPError, lambda: connect(pixi.door, wrong))
    equal("no WSDL with a wrong password", refused and refused.response.status_code, 401)
    for who, session in [("a wrong password", wrong), ("no login", requests.Session())]:
        # The description is there; the call itself is refused.
        pixi.client.transport.session = session
        try:
            error = is_raised(zeep.exceptions.Error, lambda: pixi.raw("pixiGetShops"))
        finally:
            pixi.client.transport.session = pixi.session
        check(f"no call with {who}", error is not None)
        body = {"do": "delete", "order": 1}
        for door in ("import", "merchant"):
            equal(f"no {door} with {who}", session.post(pixi.door[door], json=body, timeout=SECONDS).status_code, 401)
    raw = wrong.post(pixi.door["endpoint"], data=b"<x/>")
    equal("a call with a wrong password is HTTP 401", raw.status_code, 401)


class Unzer:
    """The simulated Unzer for one key."""

    def __init__(self, url, key):
        self.url = url
        self.session = Session(key, "")

    def ask(self, method, path, body=None):
        response = self.session.request(method, f"{self.url}{path}", json=body)
        return response.status_code, response.json()

    def made(self, path, body):
        status, answer = self.ask("POST", path, body)
        if status not in (200, 201) or answer.get("isError"):
            raise RuntimeError(f"POST {path}: {status} {answer}")
        return answer

    def amounts(self, payment):
        status, answer = self.ask("GET", f"/v1/payments/{payment}")
        if status != 200:
            raise RuntimeError(f"GET payment: {status} {answer}")
        amounts = {key: Decimal(value) for key, value in answer["amount"].items()}
        return answer["state"]["name"], amounts["charged"], amounts["canceled"], amounts["remaining"]


def payment_life(door):
    """A card payment from the buyer's browser to its refund."""
    browser, shop = Unzer(door["url"], door["public_key"]), Unzer(door["url"], door["private_key"])
    card = browser.made("/v1/types/card", {"number": "4711100000000000", "expiryDate": "12/2039", "cvc": "123"})
    check("the type is a card", card["id"].startswith("s-crd-"), card["id"])
    check("the card's number is not given back", "4711100000000000" not in json.dumps(card))
    equal("the browser's key makes no payment", browser.ask("POST", "/v1/payments/authorize", {})[0], 403)
    equal("a key nobody has opens nothing", Unzer(door["url"], "s-priv-nobody").ask("GET", "/v1/keypair")[0], 401)

    customer = shop.made("/v1/customers", {"firstname": "Erika", "lastname": "Muster", "email": "e@shop.example"})["id"]
    basket = shop.made("/v2/baskets", {"orderId": "FOREIGN-2", "totalValueGross": 49.93, "currencyCode": "EUR",
                                       "basketItems": []})["id"]
    authorized = shop.made("/v1/payments/authorize", {
        "amount": 49.93, "currency": "EUR", "returnUrl": "https://shop.example/back", "orderId": "FOREIGN-2",
        "resources": {"typeId": card["id"], "customerId": customer, "basketId": basket},
    })
    payment = authorized["resources"]["paymentId"]
    check("authorized", authorized["isSuccess"] is True and Decimal(authorized["amount"]) == Decimal("49.93"), authorized)

    status, read = shop.ask("GET", f"/v1/payments/{payment}")
    equal("the payment is read", (status, read["id"], read["orderId"]), (200, payment, "FOREIGN-2"))
    equal("… with its authorisation", [each["type"] for each in read["transactions"]], ["authorize"])
    single = shop.session.get(read["transactions"][0]["url"])
    equal("… which its own address gives", (single.status_code, single.json()["id"]), (200, authorized["id"]))
    equal("… and nothing charged", shop.amounts(payment), ("pending", Decimal(0), Decimal(0), Decimal("49.93")))

    charged = shop.made(f"/v1/payments/{payment}/charges", {"amount": 40, "paymentReference": "c1", "invoiceId": "RE1"})
    check("a part is captured", charged["isSuccess"] is True and charged["invoiceId"] == "RE1", charged)
    equal("… and shows", shop.amounts(payment), ("partly", Decimal(40), Decimal(0), Decimal("9.93")))
    status, refusal = shop.ask("POST", f"/v1/payments/{payment}/charges", {"amount": 10, "paymentReference": "c2"})
    check("more than the rest is refused", status >= 400 and refusal["isError"] is True and refusal["errors"], refusal)
    shop.made(f"/v1/payments/{payment}/charges", {"paymentReference": "c3"})
    equal("the rest is captured", shop.amounts(payment), ("completed", Decimal("49.93"), Decimal(0), Decimal(0)))

    refund = f"/v1/payments/{payment}/charges/{charged['id']}/cancels"
    shop.made(refund, {"amount": 15.5, "paymentReference": "r1"})
    equal("a part is refunded", shop.amounts(payment)[1:3], (Decimal("34.43"), Decimal("15.5")))
    status, refusal = shop.ask("POST", refund, {"amount": 24.51, "paymentReference": "r2"})
    check("more than was charged is not", status >= 400 and refusal["isError"] is True, refusal)
    kinds = [each["type"] for each in shop.ask("GET", f"/v1/payments/{payment}")[1]["transactions"]]
    equal("all of it is listed", sorted(kinds), ["authorize", "cancel-charge", "charge", "charge"])


def redirected(door):
    """A payment for which the buyer is sent away and comes back."""
    shop = Unzer(door["url"], door["private_key"])
    kind = shop.made("/v1/types/paypal", {})["id"]
    started = shop.made("/v1/payments/charges", {
        "amount": 5, "currency": "EUR", "returnUrl": "https://shop.example/back", "resources": {"typeId": kind}})
    payment = started["resources"]["paymentId"]
    check("the buyer is sent away", started["isPending"] is True and started["redirectUrl"], started)
    equal("nothing is charged yet", shop.amounts(payment)[1], Decimal(0))
    page = requests.get(started["redirectUrl"], timeout=SECONDS)
    check("the buyer's page leads back", page.status_code == 200 and "https://shop.example/back" in page.text, page.text)
    equal("then it is charged", shop.amounts(payment)[:2], ("completed", Decimal(5)))


def main():
    peers = json.loads(os.environ["PEERS"])
    pixi, unzer = None, peers["unzer"]

    def section(run, peer):
        print(f"-- {run.__name__}")
        try:
            run(peer)
        except Exception as error:  # one broken section does not hide what the others find
            traceback.print_exc(file=sys.stdout)
            check(f"{run.__name__} runs to its end", False, error)

    try:
        pixi = Pixi(peers["pixi"])
    except Exception as error:
        check("zeep loads the WSDL", False, error)
    else:
        check("zeep loads the WSDL", True)
        for run in (description, parameters, installation, order_life, wrong_login):
            section(run, pixi)
    for run in (payment_life, redirected):
        section(run, unzer)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
