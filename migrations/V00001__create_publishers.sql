-- Publishers: who may put components into the registry.
--
-- A table that is created here has no rows and no readers, so its constraints are simply part of it. The two
-- characters that `publisher/component@version` is written with cannot be in a name.
CREATE TABLE IF NOT EXISTS publishers (
    id         bigint      GENERATED ALWAYS AS IDENTITY,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT publishers_pkey PRIMARY KEY (id),
    CONSTRAINT publishers_name_key UNIQUE (name),
    CONSTRAINT publishers_name_check CHECK (name ~ '^[a-z][a-z0-9_-]{0,62}$')
);
