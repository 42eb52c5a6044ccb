"""What the report 客户贡献分析 is made of; ``app.reports.analyses.contribution`` declares it."""
