-- One bin of the velocity of one damper of one session; the first and the last have no end.
CREATE OR REPLACE VIEW grafana.damper_histograms AS
SELECT
    damper.session_key, damper.damper, damper.laps, damper.lap_count, damper.record_count,
    damper.sample_rate_hz, damper.sample_count, damper.peak_bump_mps, damper.peak_rebound_mps,
    damper.peak_loss_mean, damper.peak_loss_most,
    -- text: Its name in words
    CASE damper.damper WHEN 'LF' THEN 'Left front' WHEN 'RF' THEN 'Right front' WHEN 'LR' THEN
        'Left rear' WHEN 'RR' THEN 'Right rear' WHEN 'CF' THEN 'Centre front' WHEN 'CR' THEN
        'Centre rear' WHEN 'HF' THEN 'Heave front' WHEN 'HR' THEN 'Heave rear' WHEN 'ROLLF' THEN
        'Roll front' WHEN 'ROLLR' THEN 'Roll rear' WHEN 'LFSH' THEN 'Left front, SH' WHEN 'RFSH'
        THEN 'Right front, SH' WHEN 'LRSH' THEN 'Left rear, SH' WHEN 'RRSH' THEN 'Right rear, SH'
        END AS damper_name,
    -- integer: Number of the bin, from 0 at the fastest rebound
    (bin.number - 1)::integer AS bin,
    -- double precision: Slowest velocity of the bin; null in the first [m/s]
    bin.low_mps,
    -- double precision: Where the next bin begins; null in the last [m/s]
    bin.high_mps,
    -- double precision: Middle of the bin; of one without an end, as if it were as wide as the
    -- others [m/s]
    COALESCE((bin.low_mps + bin.high_mps) / 2, bin.high_mps - (damper.edges_mps[2] -
                damper.edges_mps[1]) / 2, bin.low_mps + (damper.edges_mps[2] -
                damper.edges_mps[1]) / 2) AS middle_mps,
    -- double precision: Share of the records in the bin [ratio]
    bin.share
FROM racing.damper_histogram AS damper
CROSS JOIN LATERAL unnest(NULL::float8 || damper.edges_mps, damper.edges_mps || NULL::float8,
        damper.shares) WITH ORDINALITY AS bin(low_mps, high_mps, share, number);
