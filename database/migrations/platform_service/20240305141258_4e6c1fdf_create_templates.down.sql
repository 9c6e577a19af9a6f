-- Removes the templates with their versions.
DROP TABLE platform.template_versions;

DROP FUNCTION platform.refuse_published_change();

DROP TABLE platform.templates;
