CREATE TABLE IF NOT EXISTS jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue text NOT NULL,
    run_at timestamptz NOT NULL DEFAULT now(),
    attempts smallint NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    payload jsonb NOT NULL,
    done_at timestamptz
);
CREATE INDEX IF NOT EXISTS jobs_open_idx ON jobs (queue, run_at) WHERE done_at IS NULL;
