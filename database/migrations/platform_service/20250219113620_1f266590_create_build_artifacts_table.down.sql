-- Removes the files of builds and their sum.
ALTER TABLE platform.builds
    DROP CONSTRAINT builds_artifact_bytes_check,
    DROP COLUMN artifact_bytes;

DROP TABLE platform.build_artifacts;
