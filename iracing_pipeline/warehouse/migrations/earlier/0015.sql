-- When a result file was first written: later it is a download that replaced it.

ALTER TABLE ops.result_file ADD COLUMN first_modified_at timestamptz;
UPDATE ops.result_file SET first_modified_at = modified_at;
ALTER TABLE ops.result_file ALTER COLUMN first_modified_at SET NOT NULL;
