// Package picture owns where things stand in the pictures of the dashboard: who knows what, and when it
// was read. It computes places from names and counts; the templates of api/web draw them as SVG.
//
// It never sees a value, and knows nothing of grants, languages or colours: words come in as they are
// shown, and state is told by form as well as by colour.
//
// Imported by api/web; imports nothing of the project.
package picture
