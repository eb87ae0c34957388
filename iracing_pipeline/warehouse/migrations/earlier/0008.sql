-- Every version of a race that a file or the API gave, the time of its data, and what was odd.

ALTER TABLE racing.subsession ADD COLUMN source_time timestamptz;

-- Exports lay where the API's results lie, and hid from it that a result was still to be fetched.
-- The rows of an archive become versions of their subsessions.
UPDATE raw.payload SET kind = 'event_result' WHERE kind = 'results/get' AND source = 'event_result';
WITH archive AS (
    DELETE FROM raw.payload WHERE kind IN ('archive_json', 'archive_csv')
    RETURNING kind, source, received_at, body
)
INSERT INTO raw.payload (kind, item, part, source, received_at, body)
SELECT archive.kind, line.body ->> 'subsession_id',
       ('x' || substr(md5(line.body::text), 1, 8))::bit(32)::integer & 2147483647,
       archive.source, archive.received_at, line.body
FROM archive, json_array_elements(archive.body) AS line (body)
WHERE json_typeof(archive.body) = 'array' AND line.body ->> 'subsession_id' ~ '^[1-9][0-9]{0,17}$'
ON CONFLICT DO NOTHING;

ALTER TABLE ops.result_file DROP CONSTRAINT result_file_state_check;
ALTER TABLE ops.result_file ADD CONSTRAINT result_file_state_check
    CHECK (state IN ('reading', 'loaded', 'quarantined'));
ALTER TABLE ops.result_file ADD COLUMN attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0);
ALTER TABLE ops.result_file ADD COLUMN retry_at timestamptz;

CREATE TABLE ops.item_issue (
    source   text NOT NULL,
    item     text NOT NULL,
    location text NOT NULL,
    field    text NOT NULL,
    problem  text NOT NULL,
    detail   text NOT NULL,
    rows     bigint NOT NULL CHECK (rows > 0),
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, item, location, field, problem, detail)
);

CREATE TABLE racing.own_member (
    cust_id bigint NOT NULL,
    origin  text NOT NULL,
    PRIMARY KEY (cust_id)
);

-- The CSV of an event ranks between an archive's row and the whole result.
UPDATE racing.subsession SET source_rank = 5 WHERE source IN ('api', 'event_result');
UPDATE racing.simsession SET source_rank = 5 WHERE source IN ('api', 'event_result');
UPDATE racing.result SET source_rank = 5 WHERE source IN ('api', 'event_result');
UPDATE racing.lap SET source_rank = 5 WHERE source IN ('api', 'event_result');

-- Countries are held by their code of three letters.
CREATE TEMPORARY TABLE country ON COMMIT DROP AS SELECT * FROM (VALUES
    ('AD', 'AND'), ('AE', 'ARE'), ('AF', 'AFG'), ('AG', 'ATG'), ('AI', 'AIA'), ('AL', 'ALB'),
    ('AM', 'ARM'), ('AO', 'AGO'), ('AQ', 'ATA'), ('AR', 'ARG'), ('AS', 'ASM'), ('AT', 'AUT'),
    ('AU', 'AUS'), ('AW', 'ABW'), ('AX', 'ALA'), ('AZ', 'AZE'), ('BA', 'BIH'), ('BB', 'BRB'),
    ('BD', 'BGD'), ('BE', 'BEL'), ('BF', 'BFA'), ('BG', 'BGR'), ('BH', 'BHR'), ('BI', 'BDI'),
    ('BJ', 'BEN'), ('BL', 'BLM'), ('BM', 'BMU'), ('BN', 'BRN'), ('BO', 'BOL'), ('BQ', 'BES'),
    ('BR', 'BRA'), ('BS', 'BHS'), ('BT', 'BTN'), ('BV', 'BVT'), ('BW', 'BWA'), ('BY', 'BLR'),
    ('BZ', 'BLZ'), ('CA', 'CAN'), ('CC', 'CCK'), ('CD', 'COD'), ('CF', 'CAF'), ('CG', 'COG'),
    ('CH', 'CHE'), ('CI', 'CIV'), ('CK', 'COK'), ('CL', 'CHL'), ('CM', 'CMR'), ('CN', 'CHN'),
    ('CO', 'COL'), ('CR', 'CRI'), ('CU', 'CUB'), ('CV', 'CPV'), ('CW', 'CUW'), ('CX', 'CXR'),
    ('CY', 'CYP'), ('CZ', 'CZE'), ('DE', 'DEU'), ('DJ', 'DJI'), ('DK', 'DNK'), ('DM', 'DMA'),
    ('DO', 'DOM'), ('DZ', 'DZA'), ('EC', 'ECU'), ('EE', 'EST'), ('EG', 'EGY'), ('EH', 'ESH'),
    ('ER', 'ERI'), ('ES', 'ESP'), ('ET', 'ETH'), ('FI', 'FIN'), ('FJ', 'FJI'), ('FK', 'FLK'),
    ('FM', 'FSM'), ('FO', 'FRO'), ('FR', 'FRA'), ('GA', 'GAB'), ('GB', 'GBR'), ('GD', 'GRD'),
    ('GE', 'GEO'), ('GF', 'GUF'), ('GG', 'GGY'), ('GH', 'GHA'), ('GI', 'GIB'), ('GL', 'GRL'),
    ('GM', 'GMB'), ('GN', 'GIN'), ('GP', 'GLP'), ('GQ', 'GNQ'), ('GR', 'GRC'), ('GS', 'SGS'),
    ('GT', 'GTM'), ('GU', 'GUM'), ('GW', 'GNB'), ('GY', 'GUY'), ('HK', 'HKG'), ('HM', 'HMD'),
    ('HN', 'HND'), ('HR', 'HRV'), ('HT', 'HTI'), ('HU', 'HUN'), ('ID', 'IDN'), ('IE', 'IRL'),
    ('IL', 'ISR'), ('IM', 'IMN'), ('IN', 'IND'), ('IO', 'IOT'), ('IQ', 'IRQ'), ('IR', 'IRN'),
    ('IS', 'ISL'), ('IT', 'ITA'), ('JE', 'JEY'), ('JM', 'JAM'), ('JO', 'JOR'), ('JP', 'JPN'),
    ('KE', 'KEN'), ('KG', 'KGZ'), ('KH', 'KHM'), ('KI', 'KIR'), ('KM', 'COM'), ('KN', 'KNA'),
    ('KP', 'PRK'), ('KR', 'KOR'), ('KW', 'KWT'), ('KY', 'CYM'), ('KZ', 'KAZ'), ('LA', 'LAO'),
    ('LB', 'LBN'), ('LC', 'LCA'), ('LI', 'LIE'), ('LK', 'LKA'), ('LR', 'LBR'), ('LS', 'LSO'),
    ('LT', 'LTU'), ('LU', 'LUX'), ('LV', 'LVA'), ('LY', 'LBY'), ('MA', 'MAR'), ('MC', 'MCO'),
    ('MD', 'MDA'), ('ME', 'MNE'), ('MF', 'MAF'), ('MG', 'MDG'), ('MH', 'MHL'), ('MK', 'MKD'),
    ('ML', 'MLI'), ('MM', 'MMR'), ('MN', 'MNG'), ('MO', 'MAC'), ('MP', 'MNP'), ('MQ', 'MTQ'),
    ('MR', 'MRT'), ('MS', 'MSR'), ('MT', 'MLT'), ('MU', 'MUS'), ('MV', 'MDV'), ('MW', 'MWI'),
    ('MX', 'MEX'), ('MY', 'MYS'), ('MZ', 'MOZ'), ('NA', 'NAM'), ('NC', 'NCL'), ('NE', 'NER'),
    ('NF', 'NFK'), ('NG', 'NGA'), ('NI', 'NIC'), ('NL', 'NLD'), ('NO', 'NOR'), ('NP', 'NPL'),
    ('NR', 'NRU'), ('NU', 'NIU'), ('NZ', 'NZL'), ('OM', 'OMN'), ('PA', 'PAN'), ('PE', 'PER'),
    ('PF', 'PYF'), ('PG', 'PNG'), ('PH', 'PHL'), ('PK', 'PAK'), ('PL', 'POL'), ('PM', 'SPM'),
    ('PN', 'PCN'), ('PR', 'PRI'), ('PS', 'PSE'), ('PT', 'PRT'), ('PW', 'PLW'), ('PY', 'PRY'),
    ('QA', 'QAT'), ('RE', 'REU'), ('RO', 'ROU'), ('RS', 'SRB'), ('RU', 'RUS'), ('RW', 'RWA'),
    ('SA', 'SAU'), ('SB', 'SLB'), ('SC', 'SYC'), ('SD', 'SDN'), ('SE', 'SWE'), ('SG', 'SGP'),
    ('SH', 'SHN'), ('SI', 'SVN'), ('SJ', 'SJM'), ('SK', 'SVK'), ('SL', 'SLE'), ('SM', 'SMR'),
    ('SN', 'SEN'), ('SO', 'SOM'), ('SR', 'SUR'), ('SS', 'SSD'), ('ST', 'STP'), ('SV', 'SLV'),
    ('SX', 'SXM'), ('SY', 'SYR'), ('SZ', 'SWZ'), ('TC', 'TCA'), ('TD', 'TCD'), ('TF', 'ATF'),
    ('TG', 'TGO'), ('TH', 'THA'), ('TJ', 'TJK'), ('TK', 'TKL'), ('TL', 'TLS'), ('TM', 'TKM'),
    ('TN', 'TUN'), ('TO', 'TON'), ('TR', 'TUR'), ('TT', 'TTO'), ('TV', 'TUV'), ('TW', 'TWN'),
    ('TZ', 'TZA'), ('UA', 'UKR'), ('UG', 'UGA'), ('UM', 'UMI'), ('US', 'USA'), ('UY', 'URY'),
    ('UZ', 'UZB'), ('VA', 'VAT'), ('VC', 'VCT'), ('VE', 'VEN'), ('VG', 'VGB'), ('VI', 'VIR'),
    ('VN', 'VNM'), ('VU', 'VUT'), ('WF', 'WLF'), ('WS', 'WSM'), ('YE', 'YEM'), ('YT', 'MYT'),
    ('ZA', 'ZAF'), ('ZM', 'ZMB'), ('ZW', 'ZWE'), ('GO', 'GLO'), ('XK', 'XKX')
) AS code (two, three);
UPDATE racing.result SET country_code = three FROM country WHERE country_code = two;
UPDATE racing.member SET country_code = three FROM country WHERE country_code = two;
DROP TABLE country;
