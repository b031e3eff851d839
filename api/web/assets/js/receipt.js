import { $ } from "./page.js";

$("[data-print]").addEventListener("click", () => print());
