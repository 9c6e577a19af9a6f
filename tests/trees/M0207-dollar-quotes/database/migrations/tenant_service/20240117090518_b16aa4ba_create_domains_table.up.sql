CREATE FUNCTION domain_count() RETURNS bigint LANGUAGE sql AS $body$
    SELECT count(*) FROM domains
$bdy$;
