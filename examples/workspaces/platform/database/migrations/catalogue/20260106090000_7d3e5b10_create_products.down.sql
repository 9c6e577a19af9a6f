DROP TABLE catalogue.products;
DROP SCHEMA catalogue;
