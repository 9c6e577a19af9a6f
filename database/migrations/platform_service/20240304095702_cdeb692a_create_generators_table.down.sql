-- Removes the generators.
DROP TABLE platform.generators;
