"""The Survey page: what was observed or simulated, and how well the run learned it."""

from __future__ import annotations

import streamlit as st

from alignlab.ui import facts
from alignlab.ui.page import page_workspace

workspace = page_workspace()
survey, run = workspace.survey, workspace.run
number, progress = st.column_config.NumberColumn, st.column_config.ProgressColumn
left, right = st.container(key="survey_body").columns(2, gap="large")

with left:
    st.subheader(f"Run {run.run_id}", anchor=False)
    figures = facts.figures_table(run.metrics)
    if figures.empty:
        st.caption("This run has not been evaluated. 'alignlab evaluate' does it.")
    else:
        observed = "simulated sources" if survey.simulated else "observed sources"
        st.caption(
            f"Test split, n = {run.metrics['n']:,} {observed}, seed {run.meta.seed}; "
            "in brackets 95% bootstrap intervals. The paper's figures are of observed sources."
        )
        st.dataframe(figures, hide_index=True, height="content")
    with st.container(horizontal=True):
        for page, title in (("retrieval", "Retrieval"), ("parameters", "Parameters"), ("latents", "Latents")):
            st.page_link(f"pages/{page}.py", label=f"{title} in detail")
    st.subheader("Classes", anchor=False)
    columns = {
        "sources": number("sources", format="%,d"),
        "median_counts": number("median counts, 0.5–8 keV", format="%.0f"),
        "papers": number("papers each, mean", format="%.1f"),
    }
    st.dataframe(facts.class_table(survey), column_config=columns, hide_index=True, height="content")

with right:
    st.subheader("Variables", anchor=False)
    columns = {
        "known": progress("with a value", format="%.0f%%", min_value=0, max_value=100, width="small"),
        "n": number("n", format="%,d"),
    }
    st.dataframe(facts.variable_table(survey), column_config=columns, hide_index=True, height="content")
