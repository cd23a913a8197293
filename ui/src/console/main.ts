import "../base.css";
import { mount } from "svelte";
import { Language } from "../lib/words/language.svelte";
import { chooseStore } from "./chooseStore";
import Root from "./Root.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("console.html has no #app");

const language = new Language();
language.lead();

mount(Root, { target, props: { store: await chooseStore(), language } });
