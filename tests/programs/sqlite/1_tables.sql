-- Tables, indices, constraints, transactions, triggers, joins, in a file.
.bail off
.mode list
.headers on
create table author(id integer primary key, name text not null unique);
create table book(id integer primary key, author integer references author(id), title text, year int, price real,
  check (price >= 0));
create index book_year on book(year, price);
create table log(at integer primary key autoincrement, what text);
create trigger book_added after insert on book begin insert into log(what) values ('added ' || new.title); end;
insert into author(name) values ('Lem'), ('Le Guin'), ('Borges'), ('Čapek');
insert into book(author, title, year, price) values
  (1, 'Solaris', 1961, 9.5), (1, 'The Cyberiad', 1965, 12.25), (2, 'The Dispossessed', 1974, 11), (3, 'Ficciones', 1944, 8.75),
  (4, 'R.U.R.', 1920, null);
insert into book(author, title, year, price) values (1, 'bad', 1, -1);
insert into author(name) values ('Lem');
pragma foreign_keys = on;
insert into book(author, title) values (99, 'nobody');
select name, count(*) n, round(avg(price), 3) mean, group_concat(title, '; ') from book join author on author.id = book.author
  group by name order by name collate nocase;
select title from book where year between 1940 and 1970 order by price desc;
begin;
delete from book where year < 1950;
savepoint inner_one;
update book set price = price * 2;
select sum(price) from book;
rollback to inner_one;
select sum(price), count(*) from book;
rollback;
select sum(price), count(*) from book;
explain query plan select * from book where year = 1961;
with recursive n(i) as (values (1) union all select i + 1 from n where i < 20000)
insert into log(what) select printf('%05d-%s', i, hex(i * 2654435761 % 65536)) from n;
select count(*), min(what), max(what), sum(length(what)) from log;
create unique index log_what on log(what);
delete from log where at % 3 = 0;
vacuum;
pragma integrity_check;
select * from log order by what limit 3 offset 1000;
insert into log(what) select what from log limit 1;
select typeof(1), typeof(1.5), typeof('x'), typeof(null), typeof(x'ab');
