"""What people of the demonstration write and say, by language and occasion: pairs of subject and body to be filled in.

``{product}``, ``{serial}``, ``{order}``, ``{contact}``, ``{user}``, ``{city}``, ``{need}``, ``{rival}`` and ``{fault}``
stand for what the story is about.
"""

from __future__ import annotations

Texts = dict[str, tuple[tuple[str, str], ...]]

ENGLISH: Texts = {
    "enquiry": (
        ("Enquiry: ultrapure water", "We are looking for {need}. Could you send us data sheets and an idea of the price?"),
        ("Question about {product}", "A colleague in {city} recommended you. We need {need}; would the {product} suit?"),
        ("Replacement of our water system", "Our {rival} system is eleven years old and off more than on. We need {need}."),
    ),
    "web": (
        ("Data sheet requested: {product}", "Form on the website: data sheet {product}, please call back."),
        ("Consumption calculator filled in", "Result of the calculator: {need}. Wants to be called in the morning."),
    ),
    "answer": (
        ("Re: your enquiry", "Dear {contact}, thank you. For {need} we would propose the {product}. May I visit you to measure the feed water?"),
        ("Data sheets {product}", "Dear {contact}, the data sheets are attached. How much water do you need at once, and how many people take it?"),
    ),
    "call": (
        ("First call with {contact}", "Talked for a quarter of an hour. They need {need}. Decision lies with purchasing; {rival} has also been asked."),
        ("Call back to {contact}", "Budget is there for this year. {contact} wants a reference customer nearby."),
        ("Question about delivery time", "{contact} asks whether four weeks are possible; the laboratory moves. Said yes for the {product}."),
    ),
    "visit": (
        ("Visit and feed water test", "Saw the laboratory with {contact}. Conductivity of the feed 640 µS/cm, pressure 3.1 bar. Need: {need}. The {rival} offer is on the table."),
        ("Demonstration of {product}", "Showed the {product} to five people. They liked the dispenser arm; the noise was asked about twice."),
    ),
    "note": (
        ("What the competition does", "{rival} offers a free first set of cartridges. Their service needs ten days to come."),
        ("Contact to be kept warm", "No budget before next year, but {contact} stays friendly. Ask again in autumn."),
    ),
    "purchase": (("Order {order}", "Ordered by {contact} in writing."), ("Order {order}", "Ordered by {contact} on the telephone, confirmed by mail.")),
    "delivery": (("Delivery for order {order}", "Handed over to the goods-in department, nothing damaged."), ("Delivery for order {order}", "Delivered by carrier, signed for by {contact}.")),
    "payment": (("Payment for order {order}", "Bank transfer, full amount."),),
    "installation": (
        ("Installation of {product}", "Installed and handed over, serial number {serial}. Trained four people. Resistivity 18.2 MΩ·cm after two hours."),
        ("Start-up of {product}", "Serial number {serial} runs. Softener in front set to 4 °dH. {contact} signed the record."),
    ),
    "survey": (("Satisfaction after installation", "Expected {expected}, experienced {experienced} of 10. {remark}"),),
    "maintenance": (
        ("Maintenance of {serial}", "Cartridge, filter and lamp changed, TOC 3 ppb. Next visit in twelve months."),
        ("Yearly service {serial}", "All values good. Pointed out that the vent filter of the tank is due in spring."),
    ),
    "complaint": (
        ("Complaint: {fault}", "Since last week we have had this with {serial}: {fault}. We cannot release batches. Please come quickly."),
        ("{fault}", "{contact} is annoyed: {fault}, serial number {serial}. Second time this year, says the laboratory."),
    ),
    "apology": (("Re: {fault}", "Dear {contact}, thank you for telling us at once, and we are sorry. Our engineer comes tomorrow between 9 and 11."),),
    "repair": (
        ("Repair of {serial}", "Cause found: {fault}. Part changed under warranty, rinsed for an hour, values good again."),
        ("Visit because of a complaint", "Sensor recalibrated and seal changed on {serial}. {contact} was present and is satisfied."),
    ),
    "care": (
        ("Call after the repair", "Asked {contact} how things are: all well. Will mention us to the sister laboratory."),
        ("Thanks and a question", "{contact} is content. Asked for prices of the remote monitor."),
    ),
    "reminder": (("Cartridges due", "Dear {contact}, by our reckoning the cartridges of {serial} are due next month. Shall we send the usual set?"),),
    "lost": (("Contract not renewed", "{contact} tells us that they have changed to {rival} because of the price. Friendly; ask again in two years."),),
    "return": (("Return for order {order}", "One cartridge of the wrong type, unopened. Credit note made."),),
    "refund": (("Refund for order {order}", "Paid back for the cartridge that was returned."),),
    "dealer": (
        ("Quarterly talk with {contact}", "Went through open leads. Two laboratories in {city} are new; demonstration unit promised."),
        ("Training of dealer staff", "Half a day about the {product}: commissioning, cartridges, common faults."),
    ),
}  # fmt: skip

CHINESE: Texts = {
    "enquiry": (
        ("询价：超纯水系统", "您好，我们需要{need}。请发送产品资料和参考价格，谢谢。"),
        ("咨询{product}", "{city}的同行推荐了贵公司。我们需要{need}，{product}是否适合？"),
        ("更换旧纯水机", "我们现有的{rival}设备已使用九年，经常停机。现需要{need}，请尽快联系。"),
    ),
    "web": (
        ("官网索取资料：{product}", "网站表单：索取{product}资料，请回电。"),
        ("用水量计算器", "计算结果：{need}。客户希望上午联系。"),
    ),
    "answer": (
        ("回复：您的询价", "{contact}您好，感谢来信。针对{need}，我们建议使用{product}。方便的话，我想上门检测进水水质。"),
        ("{product}资料", "{contact}您好，资料见附件。请问高峰用水量多少，同时有几人取水？"),
    ),
    "call": (
        ("与{contact}首次通话", "通话约十五分钟。客户需要{need}。采购部门决定，也在询问{rival}。"),
        ("回访{contact}", "今年有预算。{contact}希望看看附近的参考客户。"),
        ("询问交货期", "{contact}询问能否四周内到货，实验室即将搬迁。已答复{product}可以。"),
    ),
    "visit": (
        ("拜访并检测进水", "与{contact}查看实验室。进水电导率580µS/cm，压力2.6bar。需求：{need}。{rival}已报价。"),
        ("{product}演示", "向五位老师演示了{product}。大家喜欢取水臂，有人问到噪音。"),
    ),
    "note": (
        ("竞争对手动态", "{rival}赠送首套耗材，但上门服务要等十天。"),
        ("保持联系", "今年没有预算，{contact}态度友好，秋季再联系。"),
    ),
    "purchase": (("订单{order}", "{contact}书面下单。"), ("订单{order}", "{contact}电话下单，已邮件确认。")),
    "delivery": (("订单{order}发货", "已送达收货处，外观完好。"), ("订单{order}发货", "物流送达，{contact}签收。")),
    "payment": (("订单{order}回款", "银行转账，全额到账。"),),
    "installation": (
        ("{product}安装调试", "安装完成并移交，序列号{serial}。培训四人。两小时后电阻率18.2兆欧。"),
        ("{product}开机", "序列号{serial}运行正常，前置软化器已设定，{contact}签字确认。"),
    ),
    "survey": (("安装后满意度调查", "期望{expected}分，实际{experienced}分（满分10分）。{remark}"),),
    "maintenance": (
        ("{serial}年度维护", "更换纯化柱、滤器和紫外灯，TOC 3ppb。十二个月后再次上门。"),
        ("{serial}例行保养", "各项指标良好。提醒客户水箱呼吸过滤器春季到期。"),
    ),
    "complaint": (
        ("投诉：{fault}", "上周起{serial}出现问题：{fault}，影响放行检验，请尽快上门。"),
        ("{fault}", "{contact}很不满意：{fault}，序列号{serial}。实验室说今年已是第二次。"),
    ),
    "apology": (("回复：{fault}", "{contact}您好，非常抱歉，感谢及时反馈。工程师明天上午9点到11点上门处理。"),),
    "repair": (
        ("{serial}维修", "原因：{fault}。保修期内免费更换配件，冲洗一小时，指标恢复正常。"),
        ("投诉上门处理", "{serial}重新校准传感器并更换密封圈。{contact}在场，表示满意。"),
    ),
    "care": (
        ("维修后回访", "询问{contact}使用情况：一切正常，愿意向兄弟单位推荐。"),
        ("感谢与咨询", "{contact}表示满意，询问远程监控模块价格。"),
    ),
    "reminder": (("耗材到期提醒", "{contact}您好，{serial}的耗材预计下月到期，是否按惯例寄送一套？"),),
    "lost": (("合同未续签", "{contact}告知因价格原因改用{rival}。关系仍好，两年后再联系。"),),
    "return": (("订单{order}退货", "一支型号订错的纯化柱，未拆封，已开红字发票。"),),
    "refund": (("订单{order}退款", "退回一支纯化柱的货款。"),),
    "dealer": (
        ("与{contact}季度沟通", "逐条过了在手线索。{city}新增两家实验室，答应提供样机。"),
        ("代理商培训", "半天培训{product}：安装、耗材、常见故障。"),
    ),
}  # fmt: skip

NEEDS = {
    "en": {
        "bio": ("water free of nucleases for sequencing", "water for dissolution tests under GMP", "15 litres of type I water a day for cell culture"),
        "clean": ("ultrapure water for ICP-MS in the cleanroom", "a ring main for the rinsing benches of three halls"),
        "other": ("15 litres of type I water a day for LC-MS", "30 litres an hour for two dishwashers and the media kitchen", "water for trace analysis of metals"),
    },
    "zh": {
        "bio": ("测序用无核酸酶水", "GMP条件下溶出试验用水", "每天15升一级水用于细胞培养"),
        "clean": ("洁净室ICP-MS用超纯水", "覆盖三个车间清洗台的环路供水"),
        "other": ("每天15升一级水用于液质联用", "每小时30升供洗瓶机和培养基室", "痕量金属分析用水"),
    },
}  # fmt: skip
FAULTS = {
    "en": ("TOC alarm every morning", "a leak below the storage tank", "the display stays dark", "flow at the arm too low", "resistivity falls below 15 MΩ·cm"),
    "zh": ("每天早晨TOC报警", "储水箱下方漏水", "显示屏不亮", "取水臂流量过低", "电阻率低于15兆欧"),
}  # fmt: skip
RIVALS = {"en": ("Aquanorm", "Puritas Lab", "Hydrovance"), "zh": ("艾水诺", "清源仪", "海德万")}
REMARKS = {
    "en": ("Quick, clean, and the engineer explained everything.", "The delivery came two days late.", "Would have liked a manual in print."),
    "zh": ("安装迅速，讲解清楚。", "到货晚了两天。", "希望提供纸质说明书。"),
}  # fmt: skip
