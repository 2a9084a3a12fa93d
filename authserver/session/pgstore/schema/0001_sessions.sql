-- Version 1. Keys, handles and names are raw bytes. Labels and values are sealed
-- by the server, under keys that are not here.

CREATE TABLE easyauth_schema (
    version integer PRIMARY KEY,
    applied timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE easyauth_sessions (
    realm text COLLATE "C" NOT NULL,
    key bytea NOT NULL,
    user_handle bytea,
    sid_handle bytea,
    version bigint NOT NULL,
    issued timestamptz NOT NULL,
    seen timestamptz NOT NULL,
    expires timestamptz NOT NULL,
    label bytea NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (realm, key)
);

-- Sealed values do not compress.
ALTER TABLE easyauth_sessions ALTER COLUMN value SET STORAGE EXTERNAL;

CREATE INDEX easyauth_sessions_user ON easyauth_sessions (realm, user_handle) WHERE user_handle IS NOT NULL;
CREATE INDEX easyauth_sessions_sid ON easyauth_sessions (realm, sid_handle) WHERE sid_handle IS NOT NULL;
CREATE INDEX easyauth_sessions_expires ON easyauth_sessions (expires);

CREATE TABLE easyauth_leases (
    realm text COLLATE "C" NOT NULL,
    lease bytea NOT NULL,
    owner bytea NOT NULL,
    expires timestamptz NOT NULL,
    PRIMARY KEY (realm, lease)
);

CREATE INDEX easyauth_leases_expires ON easyauth_leases (expires);

CREATE TABLE easyauth_once (
    realm text COLLATE "C" NOT NULL,
    name bytea NOT NULL,
    expires timestamptz NOT NULL,
    PRIMARY KEY (realm, name)
);

CREATE INDEX easyauth_once_expires ON easyauth_once (expires);

INSERT INTO easyauth_schema (version) VALUES (1);
