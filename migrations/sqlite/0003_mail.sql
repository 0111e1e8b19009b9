-- Mails as they go out: what the outbox has to tell is gathered into them. The text stays as it was when it was written,
-- so that a mail sent again is the same mail.
CREATE TABLE mails (
    id INTEGER PRIMARY KEY,
    mandant TEXT NOT NULL,
    kind TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
    tries INTEGER NOT NULL,
    last_error TEXT,
    created_ms INTEGER NOT NULL,
    next_try_ms INTEGER NOT NULL,
    settled_ms INTEGER
) STRICT;

CREATE INDEX mails_due ON mails (next_try_ms, id) WHERE state = 'queued';
CREATE INDEX mails_written ON mails (mandant, created_ms);

-- What the mail server said of each recipient.
CREATE TABLE mail_recipients (
    mail_id INTEGER NOT NULL REFERENCES mails (id),
    place INTEGER NOT NULL,
    address TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'accepted', 'refused')),
    answer TEXT,
    answered_ms INTEGER,
    PRIMARY KEY (mail_id, address)
) STRICT;

-- How each mail server is doing.
CREATE TABLE mail_servers (
    name TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    last_error TEXT,
    last_success_ms INTEGER,
    next_try_ms INTEGER NOT NULL
) STRICT;

-- The order told of, the mail it went into, and what it is about (the error number): one cause is one mail.
ALTER TABLE outbox ADD COLUMN order_id INTEGER;
ALTER TABLE outbox ADD COLUMN mail_id INTEGER;
ALTER TABLE outbox ADD COLUMN topic TEXT;

CREATE INDEX outbox_order ON outbox (order_id, id) WHERE order_id IS NOT NULL;
CREATE INDEX outbox_mail ON outbox (mail_id, id) WHERE mail_id IS NOT NULL;
CREATE INDEX outbox_told ON outbox (mandant, kind, day) WHERE mail_id IS NOT NULL;

-- What was queued before there were mails is old by now: what still stands is told anew, the rest is told to nobody.
UPDATE outbox SET state = 'failed', last_error = 'queued before mails were sent', settled_ms = created_ms
    WHERE state = 'queued';
