package picture

import "math"

// Reader is one row of reads: who, and how often in each span of time, the oldest first.
type Reader struct {
	Name   string
	Counts []int
}

// Dot is how often something was read in one span of time: by its middle and its size.
type Dot struct{ X, Y, R, Count int }

// Row is a reader in the picture.
type Row struct {
	Name  Text
	Total int
	Right int // where the total ends
	Y     int // of the line that the dots stand on
	Dots  []Dot
}

// Timeline is reads over time. It is as wide as a phone of 360 pixels lets it be.
type Timeline struct {
	Width, Height int
	Rows          []Row
	Ticks         []Text // the spans that have a name
}

// Measures of the timeline, in pixels of the page.
const (
	timeWidth = 316
	timeRow   = 62
	timeFoot  = 28
	dotLeast  = 4
	dotMost   = 10
	tickSpace = 96 // what the name of a span takes
)

// NewTimeline places the readers. All have as many counts as there are names of spans; those of spans
// that would touch are left out.
func NewTimeline(spans []string, readers []Reader) Timeline {
	t := Timeline{Width: timeWidth, Height: timeRow*len(readers) + timeFoot}
	most := 0
	for _, r := range readers {
		for _, n := range r.Counts {
			most = max(most, n)
		}
	}
	for i, r := range readers {
		y := timeRow*i + timeRow - 18
		row := Row{Name: fit(r.Name, 0, y-24, timeWidth-70), Right: timeWidth, Y: y}
		for j, n := range r.Counts {
			row.Total += n
			if n > 0 {
				row.Dots = append(row.Dots, Dot{X: middle(j, len(r.Counts)), Y: y, R: size(n, most), Count: n})
			}
		}
		t.Rows = append(t.Rows, row)
	}
	t.Ticks = ticks(spans, timeRow*len(readers)+16)
	return t
}

// middle is the middle of one of some spans.
func middle(i, of int) int { return dotMost + (timeWidth-2*dotMost)*(2*i+1)/(2*max(of, 1)) }

// size gives a dot an area by its count.
func size(n, most int) int {
	return dotLeast + int(math.Round((dotMost-dotLeast)*math.Sqrt(float64(n)/float64(max(most, 1)))))
}

// ticks names the first span, the last, and between them those that find room.
func ticks(spans []string, y int) []Text {
	var named []Text
	room := 0
	for i, name := range spans {
		x := middle(i, len(spans))
		if name == "" || x < room {
			continue
		}
		x = min(max(x-dotMost, 0), timeWidth-tickSpace)
		named = append(named, Text{X: x, Y: y, Words: name, Whole: name})
		room = x + tickSpace + dotMost
	}
	return named
}
