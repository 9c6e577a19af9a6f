-- Removes the builds.
DROP FUNCTION platform.claim_build(text);

DROP FUNCTION platform.request_build(uuid, text, uuid);

DROP TABLE platform.builds;

DROP TYPE platform.build_status;
