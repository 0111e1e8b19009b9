INSERT INTO users (name, password_hash, created_ms, created_by) VALUES
    ('anna', '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$xRZ8Zl4OPuLuXqxRZ8Zl4OPuLuXqxRZ8Zl4OPuLuXqA', 1772539200000, 'cli:root');

INSERT INTO sessions (token_hash, user_name, login_hash, created_ms, seen_ms, until_ms) VALUES
    ('6b3a55e0261b0304143f805a24924d0c1c44524821305f31d9277843b8a10f4e', 'anna', '2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 1772539200000, 1772539260000, 1773144000000);

INSERT INTO page_tokens (scope, token_hash, replaces_hash, created_ms, created_by) VALUES
    ('', '0a041b9462caa4a31bac3567e0b6e6fd9100787db2ab433d96f6d178cabfce90', '6b3a55e0261b0304143f805a24924d0c1c44524821305f31d9277843b8a10f4e', 1772539200000, 'cli:root'),
    ('SHP', '25f43b1486ad95a1398e3eeb3d83bc4010015fcc9bedb35b432e00298d5021f7', NULL, 1772539200000, 'cli:root');

-- The triggers keep the board; an order that is settled by a person shows it.
UPDATE orders SET resolved_fingerprint = mark_fingerprint, resolved_by = 'anna', resolved_ms = 1772539270000, resolved_reason = 'seen' WHERE id = 4;
