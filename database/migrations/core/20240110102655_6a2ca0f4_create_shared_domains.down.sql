-- Removes the shared domains.
DROP DOMAIN core.sha256;

DROP DOMAIN core.phone_number;

DROP DOMAIN core.currency_code;

DROP DOMAIN core.country_code;

DROP DOMAIN core.time_zone;

DROP DOMAIN core.locale;

DROP DOMAIN core.url;

DROP DOMAIN core.slug;

DROP DOMAIN core.host_name;

DROP DOMAIN core.email;
