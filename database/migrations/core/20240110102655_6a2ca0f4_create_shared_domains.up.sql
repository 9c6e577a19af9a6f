-- Formats that several services store, checked in one place.
CREATE DOMAIN core.email AS core.citext
    CONSTRAINT email_format CHECK (VALUE::text ~ '^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:]]+$')
    CONSTRAINT email_length CHECK (pg_catalog.octet_length(VALUE::text) <= 254);

COMMENT ON DOMAIN core.email IS
    'E-mail address; unique without regard to case. Compare with OPERATOR(core.=) unless core is on the search path';

CREATE DOMAIN core.host_name AS core.citext
    CONSTRAINT host_name_format CHECK (
        VALUE::text ~* '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$'
    )
    CONSTRAINT host_name_length CHECK (pg_catalog.octet_length(VALUE::text) <= 253);

COMMENT ON DOMAIN core.host_name IS
    'Fully qualified host name without the final dot; unique without regard to case';

CREATE DOMAIN core.slug AS text
    CONSTRAINT slug_format CHECK (VALUE ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$')
    CONSTRAINT slug_length CHECK (pg_catalog.char_length(VALUE) <= 63);

COMMENT ON DOMAIN core.slug IS 'Lower-case name for addresses, at most one DNS label long';

CREATE DOMAIN core.url AS text
    CONSTRAINT url_format CHECK (VALUE ~ '^https?://[^[:space:]/?#]+[^[:space:]]*$')
    CONSTRAINT url_length CHECK (pg_catalog.char_length(VALUE) <= 2048);

COMMENT ON DOMAIN core.url IS 'Absolute http or https address';

CREATE DOMAIN core.locale AS text
    CONSTRAINT locale_format CHECK (VALUE ~ '^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$');

COMMENT ON DOMAIN core.locale IS 'BCP 47 language tag: language, optional script, optional region';

CREATE DOMAIN core.time_zone AS text
    CONSTRAINT time_zone_format CHECK (VALUE ~ '^(UTC|[A-Za-z]+(/[A-Za-z0-9_+-]+){1,2})$');

COMMENT ON DOMAIN core.time_zone IS
    'IANA time zone name. The form only is checked: the list changes with every release';

CREATE DOMAIN core.country_code AS text
    CONSTRAINT country_code_format CHECK (VALUE ~ '^[A-Z]{2}$');

COMMENT ON DOMAIN core.country_code IS 'ISO 3166-1 alpha-2';

CREATE DOMAIN core.currency_code AS text
    CONSTRAINT currency_code_format CHECK (VALUE ~ '^[A-Z]{3}$');

COMMENT ON DOMAIN core.currency_code IS 'ISO 4217';

CREATE DOMAIN core.phone_number AS text
    CONSTRAINT phone_number_format CHECK (VALUE ~ '^\+[1-9][0-9]{6,14}$');

COMMENT ON DOMAIN core.phone_number IS 'E.164, with the plus sign and without spaces';

CREATE DOMAIN core.sha256 AS bytea
    CONSTRAINT sha256_length CHECK (pg_catalog.octet_length(VALUE) = 32);

COMMENT ON DOMAIN core.sha256 IS 'SHA-256 digest; secrets are stored as such and never in clear';
