// Goroutines, channels, select, mutexes, timers, panics and garbage collection.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func primes(limit int) int {
	source := make(chan int)
	go func(out chan<- int) {
		for i := 2; i < limit; i++ {
			out <- i
		}
		close(out)
	}(source)
	count := 0
	for {
		prime, ok := <-source
		if !ok {
			return count
		}
		count++
		next := make(chan int)
		go func(in <-chan int, out chan<- int) {
			for i := range in {
				if i%prime != 0 {
					out <- i
				}
			}
			close(out)
		}(source, next)
		source = next
	}
}

func recovered(f func()) (what any) {
	defer func() { what = recover() }()
	f()
	return nil
}

type node struct {
	left, right *node
	value       int
}

func tree(depth int) *node {
	if depth == 0 {
		return nil
	}
	return &node{tree(depth - 1), tree(depth - 1), depth}
}

func (n *node) sum() int {
	if n == nil {
		return 0
	}
	return n.value + n.left.sum() + n.right.sum()
}

func deep(n int) int {
	if n == 0 {
		return 0
	}
	var pad [64]byte
	pad[n%64] = 1
	return deep(n-1) + int(pad[n%64])
}

func main() {
	fmt.Println("primes", primes(1500))

	var total atomic.Int64
	var group sync.WaitGroup
	var mutex sync.Mutex
	seen := map[int]int{}
	for i := 0; i < 2000; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			total.Add(int64(i))
			runtime.Gosched()
			mutex.Lock()
			seen[i%10]++
			mutex.Unlock()
		}(i)
	}
	group.Wait()
	fmt.Println("total", total.Load(), seen)

	begin := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	select {
	case <-ctx.Done():
		fmt.Println("timeout", errors.Is(ctx.Err(), context.DeadlineExceeded), time.Since(begin) >= 30*time.Millisecond)
	case <-time.After(10 * time.Second):
		fmt.Println("too late")
	}
	ticks := 0
	ticker := time.NewTicker(2 * time.Millisecond)
	for range ticker.C {
		if ticks++; ticks == 5 {
			ticker.Stop()
			break
		}
	}
	fmt.Println("ticks", ticks)

	var nothing *node
	var list []int
	zero := 0
	fmt.Println(recovered(func() { fmt.Println(nothing.value) }))
	fmt.Println(recovered(func() { fmt.Println(list[3]) }))
	fmt.Println(recovered(func() { fmt.Println(1 / zero) }))
	fmt.Println(recovered(func() { panic(errors.New("mine")) }))
	fmt.Println(recovered(func() { var m map[string]int; m["a"] = 1 }))

	sum := 0
	for i := 0; i < 20; i++ {
		sum += tree(14).sum()
	}
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	fmt.Println("trees", sum, "collected", memory.NumGC > 0, "depth", deep(3000))

	if len(os.Args) != 4 || os.Getenv("GREETING") != "hello" {
		os.Exit(1)
	}
	defer fmt.Println("never printed")
	os.Exit(7)
}
