--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;

DROP TABLE IF EXISTS order_details;
DROP TABLE IF EXISTS orders;
DROP TABLE IF EXISTS customers;

CREATE TABLE categories (
    category_id smallint NOT NULL,
    category_name character varying(15) NOT NULL,
    description text,
    picture bytea
);

CREATE TABLE customer_customer_demo (
    customer_id character varying(5) NOT NULL,
    customer_type_id character varying(5) NOT NULL
);

CREATE TABLE customer_demographics (
    customer_type_id character varying(5) NOT NULL,
    customer_desc text
);

CREATE TABLE customers (
    customer_id character varying(5) NOT NULL,
    company_name character varying(40) NOT NULL,
    contact_name character varying(30),
    contact_title character varying(30),
    address character varying(60),
    city character varying(15),
    region character varying(15),
    postal_code character varying(10),
    country character varying(15),
    phone character varying(24),
    fax character varying(24)
);

CREATE TABLE employees (
    employee_id smallint NOT NULL,
    last_name character varying(20) NOT NULL,
    first_name character varying(10) NOT NULL,
    title character varying(30),
    title_of_courtesy character varying(25),
    birth_date date,
    hire_date date,
    address character varying(60),
    city character varying(15),
    region character varying(15),
    postal_code character varying(10),
    country character varying(15),
    home_phone character varying(24),
    extension character varying(4),
    photo bytea,
    notes text,
    reports_to smallint,
    photo_path character varying(255)
);

CREATE TABLE employee_territories (
    employee_id smallint NOT NULL,
    territory_id character varying(20) NOT NULL
);

CREATE TABLE order_details (
    order_id smallint NOT NULL,
    product_id smallint NOT NULL,
    unit_price real NOT NULL,
    quantity smallint NOT NULL,
    discount real NOT NULL
);

CREATE TABLE orders (
    order_id smallint NOT NULL,
    customer_id character varying(5),
    employee_id smallint,
    order_date date,
    required_date date,
    shipped_date date,
    ship_via smallint,
    freight real,
    ship_name character varying(40),
    ship_address character varying(60),
    ship_city character varying(15),
    ship_region character varying(15),
    ship_postal_code character varying(10),
    ship_country character varying(15)
);

CREATE TABLE products (
    product_id smallint NOT NULL,
    product_name character varying(40) NOT NULL,
    supplier_id smallint,
    category_id smallint,
    quantity_per_unit character varying(20),
    unit_price real,
    units_in_stock smallint,
    units_on_order smallint,
    reorder_level smallint,
    discontinued integer NOT NULL
);

CREATE TABLE region (
    region_id smallint NOT NULL,
    region_description character varying(60) NOT NULL
);

CREATE TABLE shippers (
    shipper_id smallint NOT NULL,
    company_name character varying(40) NOT NULL,
    phone character varying(24)
);

CREATE TABLE suppliers (
    supplier_id smallint NOT NULL,
    company_name character varying(40) NOT NULL,
    contact_name character varying(30),
    contact_title character varying(30),
    address character varying(60),
    city character varying(15),
    region character varying(15),
    postal_code character varying(10),
    country character varying(15),
    phone character varying(24),
    fax character varying(24),
    homepage text
);

CREATE TABLE territories (
    territory_id character varying(20) NOT NULL,
    territory_description character varying(60) NOT NULL,
    region_id smallint NOT NULL
);

CREATE TABLE us_states (
    state_id smallint NOT NULL,
    state_name character varying(100),
    state_abbr character varying(2),
    state_region character varying(50)
);

INSERT INTO categories VALUES (1, 'Teas', 'Black, green and herbal', '\x');
INSERT INTO categories VALUES (2, 'Sweets', 'Sugar and spice', '\x');

INSERT INTO customers VALUES ('BJORK', 'Björk & Søn', 'Åse Holm', 'Owner', 'Strandgade 7', 'Århus', NULL, '8000', 'Denmark', '86 00 11 22', '86 00 11 23');
INSERT INTO customers VALUES ('CAFEO', 'Café d''Orsay', 'Luc Née', 'Purchasing Manager', '12, quai Noir', 'Paris', NULL, '75007', 'France', '(1) 55.01.02.03', NULL);
INSERT INTO customers VALUES ('PLAIN', 'Plains Diner', 'Jo Tate', 'Order Administrator', '40 Mill St.', 'Boise', 'ID', '83700', 'USA', '(208) 555-0142', NULL);

INSERT INTO employees VALUES (1, 'Ferrer', 'Mara', 'Sales Representative', 'Ms.', '1968-12-08', '1992-05-01', '507 - 20th Ave. E.\nApt. 2A', 'Seattle', 'WA', '98100', 'USA', '(206) 555-0157', '5467', '\x', 'Speaks French; hates ''cold calls''.', 2, NULL);
INSERT INTO employees VALUES (2, 'Grant', 'Otto', 'Vice President, Sales', 'Dr.', '1952-02-19', '1992-08-14', '9 Elm Way', 'Tacoma', 'WA', '98400', 'USA', '(206) 555-0182', '3457', '\x', 'Joined first.', NULL, NULL);

INSERT INTO suppliers VALUES (1, 'Leaf & Co', 'Wei Lin', 'Export Manager', '1 Dock Rd.', 'London', NULL, 'EC1 4SD', 'UK', '(171) 555-0122', NULL, '#PRODUCTS.HTM#');

INSERT INTO products VALUES (1, 'Smoky Leaf', 1, 1, '10 boxes x 20 bags', 18, 39, 0, 10, 0);
INSERT INTO products VALUES (2, 'Ginger Drops', 1, 2, '24 - 50 g bags', 9.2000000000000002, 17, 40, 25, 1);

INSERT INTO shippers VALUES (1, 'Swift Parcel', '(503) 555-0131');

INSERT INTO orders VALUES (10001, 'BJORK', 1, '1996-07-04', '1996-08-01', '1996-07-16', 1, 32.3800011, 'Björk & Søn', 'Strandgade 7', 'Århus', NULL, '8000', 'Denmark');
INSERT INTO orders VALUES (10002, 'CAFEO', 2, '1998-05-06', '1998-06-03', NULL, 1, 8.52999973, 'Café d''Orsay', '12, quai Noir', 'Paris', NULL, '75007', 'France');

INSERT INTO order_details VALUES (10001, 1, 14, 12, 0);
INSERT INTO order_details VALUES (10001, 2, 9.80000019, 10, 0.150000006);
INSERT INTO order_details VALUES (10002, 2, 9.2000000000000002, 5, 0);

INSERT INTO region VALUES (1, 'Eastern');
INSERT INTO territories VALUES ('01581', 'Westboro', 1);
INSERT INTO employee_territories VALUES (1, '01581');
INSERT INTO us_states VALUES (1, 'Idaho', 'ID', 'north');

ALTER TABLE ONLY customers
    ADD CONSTRAINT pk_customers PRIMARY KEY (customer_id);

ALTER TABLE ONLY employees
    ADD CONSTRAINT pk_employees PRIMARY KEY (employee_id);

ALTER TABLE ONLY employees
    ADD CONSTRAINT fk_employees_employees FOREIGN KEY (reports_to) REFERENCES employees;

--
-- PostgreSQL database dump complete
--
