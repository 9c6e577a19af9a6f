-- Removes the projects.
DROP TABLE platform.projects;
