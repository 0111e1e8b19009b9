INSERT INTO connections (peer, name, state, since_ms, failing_since_ms, last_error, last_error_ms, changed_by, changed_reason, catch_up) VALUES
    ('pixi', 'live', 'CONNECTED_ERROR', 1772539200000, 1772539200000, 'HTTP 503', 1772539260000, NULL, NULL, 0),
    ('pixi', 'test', 'DISABLED', 1772539200000, NULL, 'time-out', 1772539200000, 'cli:anna', 'server is moved', 0),
    ('unzer', 's-pub-1', 'CONNECTED', 1772539200000, NULL, NULL, NULL, 'cli:anna', 'works again', 1),
    ('unzer', 's-pub-old', 'DEREGISTERED', 1772539200000, NULL, NULL, NULL, NULL, NULL, 0);

INSERT INTO accepted_documents (order_id, document, settled, total, accepted_by, reason, accepted_ms) VALUES
    (1, 'RE1', 'done', 11900, 'cli:anna', 'paid before the daemon', 1772539200000),
    (1, 'GS1', 'open', 5000, 'cli:anna', 'paid before the daemon', 1772539200000);

INSERT INTO collections (order_id, net, handed_by, reason, handed_ms) VALUES
    (1, 0, 'cli:anna', 'file 47/11', 1772539200000);
