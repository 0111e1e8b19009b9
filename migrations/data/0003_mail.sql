INSERT INTO outbox (id, api, mandant, kind, fingerprint, day, message_id, params, state, tries, last_error, created_ms, next_try_ms, settled_ms, order_id, mail_id, topic) VALUES
    (101, 'live', 'SHP', 'problem', 'live/SHP/4711|PP-1303|document=RE1', '2026-03-03', '19cb3b9.01', '{"number":"PP-1303","order_nr":4711,"order_nr_external":"W4711","values":[["document","RE1"]]}', 'sent', 0, NULL, 1772539200000, 1772539200000, 1772539260000, 1, 1, 'PP-1303'),
    (102, 'live', 'SHP', 'solved', 'live/SHP/4711|PP-1303|document=RE1', '2026-03-03', '19cb3b9.02', '{"number":"PP-1303","order_nr":4711,"order_nr_external":"W4711","values":[["document","RE1"]],"by_person":true}', 'queued', 0, NULL, 1772539300000, 1772539300000, NULL, 1, NULL, 'PP-1303');

INSERT INTO mails (id, mandant, kind, message_id, subject, body_text, body_html, state, tries, last_error, created_ms, next_try_ms, settled_ms) VALUES
    (1, 'SHP', 'problem', '19cb3b9.01', 'SHP: Bestellung 4711 (PP-1303)', 'text', '<p>html</p>', 'sent', 2, '451 later', 1772539260000, 1772539320000, 1772539330000),
    (2, 'SHP', 'summary', '19cb3b9.03', 'SHP: Tagesübersicht', 'text', '<p>html</p>', 'queued', 1, 'connection refused', 1772539260000, 1772539320000, NULL),
    (3, 'SHP', 'digest', '19cb3b9.04', 'SHP: Weitere Probleme: 2', 'text', '<p>html</p>', 'failed', 9, 'given up', 1772166400000, 1772366400000, 1772452800000);

INSERT INTO mail_recipients (mail_id, place, address, state, answer, answered_ms) VALUES
    (1, 0, 'it@example.org', 'accepted', '250 queued', 1772539330000),
    (1, 1, 'anna@example.org', 'refused', '550 no such user', 1772539330000),
    (2, 0, 'it@example.org', 'waiting', NULL, NULL),
    (3, 0, 'it@example.org', 'refused', 'given up', 1772452800000);

INSERT INTO mail_servers (name, failures, since_ms, last_error, last_success_ms, next_try_ms) VALUES
    ('smtp.example.org:587', 2, 1772539260000, 'connection refused', 1772539330000, 1772539400000);
