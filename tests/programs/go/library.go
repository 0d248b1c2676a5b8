// Much of the standard library: text, numbers, encodings, hashes, compression, templates, files.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"math"
	"math/big"
	"math/bits"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"text/tabwriter"
	"text/template"
	"time"
	"unicode"
)

type person struct {
	Name  string         `json:"name"`
	Born  time.Time      `json:"born"`
	Notes map[string]any `json:"notes,omitempty"`
	Next  *person        `json:"next"`
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	return value
}

func text() {
	words := strings.FieldsFunc("The quick brown fox; the lazy dog. THE end", func(r rune) bool { return !unicode.IsLetter(r) })
	count := map[string]int{}
	for _, word := range words {
		count[strings.ToLower(word)]++
	}
	keys := slices.Collect(maps.Keys(count))
	sort.Slice(keys, func(i, j int) bool {
		return count[keys[i]] > count[keys[j]] || count[keys[i]] == count[keys[j]] && keys[i] < keys[j]
	})
	fmt.Println(keys, count)
	date := regexp.MustCompile(`(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)`)
	fmt.Println(date.ReplaceAllString("2024-01-31 and 1999-12-24", "${d}.${m}.${y}"), date.FindAllStringIndex("x 2024-01-31", -1))
	fmt.Printf("%q %v %+v %T %08.3f %x %U %e\n", "ü\n", []byte("ab"), struct{ A int }{1}, 1.5, math.Pi, "hi", '€', 123456.789)
	tab := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tab, "a\tbb\tccc")
	fmt.Fprintln(tab, "1000\t2\t3")
	tab.Flush()
	page := template.Must(template.New("").Parse("{{range $i, $p := .}}{{if $i}}, {{end}}{{.Name | printf \"%q\"}} {{len .Notes}}{{end}}\n"))
	page.Execute(os.Stdout, []person{{Name: "A"}, {Name: "B", Notes: map[string]any{"x": 1}}})
}

func numbers() {
	fmt.Println(math.Sqrt(2), math.Sin(1e6), math.Pow(2, 0.5), math.Inf(-1), math.NaN(), math.Float32bits(0.1), math.MaxUint64/3)
	fmt.Println(bits.OnesCount64(0xdeadbeef), bits.LeadingZeros32(1), bits.ReverseBytes64(1), bits.RotateLeft32(0x80000001, 1))
	factorial := big.NewInt(1)
	for i := int64(2); i <= 100; i++ {
		factorial.Mul(factorial, big.NewInt(i))
	}
	fmt.Println(factorial, new(big.Int).Exp(big.NewInt(3), big.NewInt(1000), big.NewInt(1000007)))
	fmt.Println(must(strconv.ParseFloat("1e-320", 64)), strconv.FormatFloat(1.0/3, 'g', -1, 32), must(strconv.ParseInt("-7f", 16, 64)))
	random := rand.New(rand.NewSource(42))
	values := make([]float64, 200000)
	for i := range values {
		values[i] = random.NormFloat64()
	}
	slices.Sort(values)
	fmt.Printf("%.6f %.6f %v\n", values[0], values[100000], slices.IsSorted(values))
	var minusOne int32 = -1
	huge := 1e20
	fmt.Println(uint32(minusOne)>>28, minusOne>>28, int8(minusOne<<7), -7/2, -7%3, huge > float64(math.MaxInt64))
}

func encodings() {
	p := person{"Ada", time.Date(1815, 12, 10, 1, 2, 3, 4, time.UTC), map[string]any{"b": []int{1}, "a": nil, "c": 1.5}, &person{Name: "<x>"}}
	encoded := must(json.MarshalIndent(p, "", " "))
	fmt.Println(string(encoded))
	var back person
	fmt.Println(json.Unmarshal(encoded, &back), back.Next.Name, back.Notes["b"], back.Born.Equal(p.Born))
	fmt.Println(json.Unmarshal([]byte(`{"name": 1}`), &back), json.Unmarshal([]byte(`{"name": "`), &back))
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	long := strings.Repeat("all work and no play ", 20000)
	io.WriteString(zip, long)
	zip.Close()
	small := packed.Len()
	unpacked := must(io.ReadAll(must(gzip.NewReader(&packed))))
	fmt.Println(small, string(unpacked) == long)
	fmt.Printf("%x %08x %s\n", sha256.Sum256(unpacked), crc32.ChecksumIEEE(unpacked), base64.StdEncoding.EncodeToString([]byte("any carnal pleas")))
	fmt.Println(binary.BigEndian.AppendUint32(nil, 0x01020304), binary.PutUvarint(make([]byte, 10), 1<<40))
}

func files(folder string) {
	path := filepath.Join(folder, "deep", "er")
	fmt.Println(os.MkdirAll(path, 0o755))
	for i, name := range []string{"b.txt", "a.txt", "ü.txt"} {
		fmt.Println(os.WriteFile(filepath.Join(path, name), []byte(strings.Repeat(name+"\n", i+1)), 0o644))
	}
	fmt.Println(os.Rename(filepath.Join(path, "b.txt"), filepath.Join(folder, "moved.txt")))
	root := os.DirFS(folder)
	fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		fmt.Println(path, entry.IsDir(), err)
		return nil
	})
	file := must(os.OpenFile(filepath.Join(folder, "moved.txt"), os.O_APPEND|os.O_RDWR, 0))
	fmt.Fprintln(file, "appended")
	file.Seek(0, io.SeekStart)
	lines := 0
	for scanner := bufio.NewScanner(file); scanner.Scan(); lines++ {
		fmt.Println(scanner.Text())
	}
	fmt.Println(lines, file.Truncate(3), must(file.Stat()).Size(), file.Close())
	_, err := os.Open(filepath.Join(folder, "none"))
	fmt.Println(os.IsNotExist(err), os.Remove(path) != nil, os.RemoveAll(filepath.Join(folder, "deep")))
}

func main() {
	text()
	numbers()
	encodings()
	files(os.Args[1])
	fmt.Println(os.Args[2:], os.Getenv("GREETING"))
}
