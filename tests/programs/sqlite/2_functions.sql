-- Window functions, JSON, full text, R-trees, dates, numbers, strings, on the file of the first script.
.mode csv
select title, year, rank() over (order by price desc nulls last) r, lag(title) over (order by year) before,
  sum(price) over (order by year rows between unbounded preceding and current row) running from book order by year;
select json_extract('{"a": [1, 2, {"b": "ü"}]}', '$.a[2].b'), json_group_array(title) from book;
select key, value, type from json_each('{"x": 1, "y": [true, null], "z": "s"}');
create virtual table text_of using fts5(title, body);
insert into text_of select title, 'a book of the year ' || year || ' about robots and oceans' from book;
insert into text_of values ('Robots', 'robot robots robotic; the sea, the ocean');
select title, highlight(text_of, 1, '<', '>') from text_of where text_of match 'robots NOT year' order by rank;
select count(*) from text_of where text_of match 'oce* AND 19*';
create virtual table boxes using rtree(id, x0, x1, y0, y1);
with recursive n(i) as (values (1) union all select i + 1 from n where i < 2000)
insert into boxes select i, i % 50, i % 50 + 1.5, i / 50, i / 50 + 0.5 from n;
select count(*), min(id), max(id) from boxes where x0 >= 10 and x1 <= 20 and y0 between 5 and 9;
select date('2024-02-29', '+1 year'), strftime('%j %W', '2024-12-31'), julianday('2000-01-01'), time('12:00', '-61 minutes');
select 7 / 2, 7 % -3, -7 / 2, 7.0 / 2, 1e308 * 10, 9223372036854775807 + 1, abs(-5), round(2.5), round(-2.567, 2), 0.1 + 0.2;
select sqrt(2), pow(2, 0.5), ln(10), sin(1), atan2(1, 2), pi(), ceil(1.2), log(2, 1024), 1.0 / 3;
select upper('straße'), substr('abcdef', -3, 2), replace('aXbX', 'X', '--'), instr('hello', 'll'), quote(x'00ff'), 'a' like 'A',
  'abc' glob 'a*', printf('%08.3f|%-6s|%x|%,d', 3.14159, 'ab', 255, 1234567), unicode('€'), trim('  x '), soundex('x');
select count(distinct a.what || b.what) from (select what from log limit 200) a, (select what from log limit 200 offset 50) b;
with recursive
  xaxis(x) as (values (-2.0) union all select x + 0.05 from xaxis where x < 1.2),
  yaxis(y) as (values (-1.0) union all select y + 0.1 from yaxis where y < 1.0),
  m(iter, cx, cy, x, y) as (
    select 0, x, y, 0.0, 0.0 from xaxis, yaxis
    union all
    select iter + 1, cx, cy, x * x - y * y + cx, 2.0 * x * y + cy from m where (x * x + y * y) < 4.0 and iter < 28),
  m2(iter, cx, cy) as (select max(iter), cx, cy from m group by cx, cy),
  a(t) as (select group_concat(substr(' .+*#', 1 + min(iter / 7, 4), 1), '') from m2 group by cy)
select group_concat(rtrim(t), x'0a') from a;
.mode line
select * from author;
.schema book
syntax error here;
select no_such_column;
